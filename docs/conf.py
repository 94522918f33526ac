"""Sphinx's configuration of the book. `ecomlab book` copies the pages and runs it."""

import ecomlab
from ecomlab.pages.book import draw_equation

project = "ecomlab"
author = "the ecomlab authors"
copyright = f"{author}. Prose and figures: CC BY 4.0. Code: MIT"
release = ecomlab.__version__
extensions = ["myst_nb"]
language = "en"

nb_execution_mode = "off"  # the lessons' own outputs, which are tested
nb_ipywidgets_js = {}  # a widget needs a kernel: its still figure stands for it
nb_merge_streams = True
nb_render_markdown_format = "myst"  # tables and links in outputs, as in the prose
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]  # a page may go from its title to a section of level 3

html_theme = "furo"
html_title = "ecomlab: deep learning for e-commerce"
html_static_path = ["static"]
html_css_files = ["book.css"]
html_math_renderer = "mathml"
html_show_sphinx = False
html_show_search_summary = False  # a page opened from the file system may not read another
html_copy_source = False
# The look of the reports and of the workbook's pages.
html_theme_options = {
    "light_css_variables": {
        "color-background-primary": "#ffffff",
        "color-background-secondary": "#f5f7f9",
        "color-foreground-primary": "#1c1f24",
        "color-foreground-secondary": "#59616d",
        "color-brand-primary": "#005b8f",
        "color-brand-content": "#005b8f",
        "color-brand-visited": "#005b8f",
        "font-stack": 'system-ui, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK SC", sans-serif',
    },
    "dark_css_variables": {
        "color-background-primary": "#15181c",
        "color-background-secondary": "#1f242a",
        "color-foreground-primary": "#e4e7eb",
        "color-foreground-secondary": "#a3abb6",
        "color-brand-primary": "#7cc4f2",
        "color-brand-content": "#7cc4f2",
        "color-brand-visited": "#7cc4f2",
        "color-sidebar-caption-text": "#a3abb6",
    },
}


def setup(app):
    """Draw equations without MathJax, which would come from elsewhere."""
    app.add_html_math_renderer(
        "mathml",
        inline_renderers=(draw_equation, None),
        block_renderers=(draw_equation, None),
    )
