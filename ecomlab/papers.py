"""What the README and the book tell of the lessons, written from what the lessons recorded."""

import hashlib
import io
import tomllib

from ecomlab.errors import UserError
from ecomlab.files import write_bytes, write_text
from ecomlab.pages.cards import figure
from ecomlab.project import NOTEBOOKS, ROOT, lessons
from ecomlab.results import read_full, read_results, shown

RESULTS_PAGE = "docs/results.md"
PICTURE = "docs/static/overview.png"
SIX_RESULTS = "docs/results.toml"

# A lesson, how the text beside its figure begins, the share of the width that is taken from the
# left, and what the figure answers.
PANELS = [
    ("00_start_here", "Twenty new photos", 1, "What is in this photo? (errors in orange)"),
    ("08c_from_model_to_list", "Eight recommendations", 0.57, "What else for this household?"),
    ("05_autoencoder", "Four products", 1, "Which products look like this one?"),
    ("09b_price_and_demand", "Units and price", 0.5, "How many will it sell in the weeks ahead?"),
]


def results_page():
    """Return the page of all headline numbers: Markdown, one row a recorded number."""
    lines = [
        "# What the lessons reach",
        "",
        "Every number is recorded by a lesson's last cell, and this page is written from them.",
        '"Default" is what you see in the notebook, in half a minute to three on the',
        'reference machine. "Full" takes up to an hour and repeats what is compared over three',
        "seeds or more. An empty place was not measured in that profile.",
        "",
        "| lesson | measured | default profile | full profile |",
        "| --- | --- | --- | --- |",
    ]
    for lesson in lessons():
        recorded = read_results(lesson.path)
        best = (read_full(lesson.name) or {"results": {}})["results"]
        link = f"[{lesson.title}](../notebooks/{lesson.path.name})"
        for key, label in lesson.headline.items():
            cells = [shown(found[key]) if key in found else "" for found in (recorded, best)]
            lines.append(f"| {link} | {label} | {cells[0]} | {cells[1]} |")
            link = ""
    return "\n".join(lines) + "\n"


def six_results():
    """Return the README's table of six results, in the shop's words."""
    lines = [
        "| the shop asks | a simple method | a network | who wins |",
        "| --- | --- | --- | --- |",
    ]
    for result in read_six_results():
        numbers = read_full(result["lesson"])["results"]
        link = f"[{result['question']}](notebooks/{result['lesson']}.ipynb)"
        try:
            simple, network = (result[key].format(**numbers) for key in ("simple", "network"))
        except KeyError as error:
            raise UserError(
                f"{SIX_RESULTS} asks for {error} of {result['lesson']}, which its full profile did "
                f"not record: run `ecomlab full {result['lesson']}`, or change {SIX_RESULTS}"
            ) from error
        lines.append(f"| {link} | {simple} | {network} | {result['so']} |")
    return "\n".join(lines)


def read_six_results():
    """Return the entries of `docs/results.toml`: a list of dict."""
    return tomllib.loads((ROOT / SIX_RESULTS).read_text(encoding="utf-8"))["result"]


def lesson_list():
    """Return the README's list of lessons: number, title as the shop's question, minutes."""
    lines = []
    for lesson in lessons():
        number = lesson.name.split("_")[0]
        link = f"[{lesson.title}](notebooks/{lesson.path.name})"
        lines.append(f"- **{number}** {link} · {lesson.minutes:g} min")
    return "\n".join(lines)


REGIONS = {"six results": six_results, "lessons": lesson_list}
"""Parts of the README that are written, by the name in their marks."""


def marks(name):
    """Return the two lines between which a part of the README is written."""
    return f"<!-- {name}: written by `ecomlab store` -->", f"<!-- end of {name} -->"


def readme():
    """Return the README with its written parts as they are now."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, words in REGIONS.items():
        start, end = marks(name)
        before, rest = text.split(start)
        text = f"{before}{start}\n{words()}\n{end}{rest.split(end)[1]}"
    return text


def panels():
    """Return the figures of the overview as the lessons stored them: a list of PNG as bytes.

    None stands for a figure that its lesson does not hold now.
    """
    return [figure(NOTEBOOKS / f"{name}.ipynb", beginning) for name, beginning, *_ in PANELS]


def fingerprint(figures):
    """Return a short hash of the figures, which the overview carries with it."""
    return hashlib.sha256(b"".join(figures)).hexdigest()[:16]


def overview():
    """Draw the picture of the README from figures that lessons stored: PNG as bytes."""
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    figures = panels()
    sheet = Figure(figsize=(12, 6.4), dpi=100, facecolor="white", layout="constrained")
    axes = sheet.subplots(2, 2, gridspec_kw={"width_ratios": (1.15, 1)}).flat
    for axis, png, (_, _, share, question) in zip(axes, figures, PANELS, strict=True):
        pixels = plt.imread(io.BytesIO(png))
        axis.imshow(pixels[:, : int(share * pixels.shape[1])], interpolation="lanczos")
        axis.set_title(question, fontsize=13, loc="left")
        axis.axis("off")
    drawn = io.BytesIO()
    sheet.savefig(drawn, metadata={"Software": None, "Source": fingerprint(figures)})
    return drawn.getvalue()


def write_papers():
    """Write all of it: the README's parts, the page of results, and the picture if it is old.

    The picture stays as it is while a lesson is being written and has lost its figure.
    """
    write_text(ROOT / "README.md", readme())
    write_text(ROOT / RESULTS_PAGE, results_page())
    if None not in panels() and not picture_is_current():
        write_bytes(ROOT / PICTURE, overview())


def picture_is_current():
    """Say whether the picture was drawn from the figures that the lessons hold now."""
    from PIL import Image

    figures, path = panels(), ROOT / PICTURE
    if None in figures or not path.is_file():
        return False
    with Image.open(path) as image:
        return image.info.get("Source") == fingerprint(figures)
