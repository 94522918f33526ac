"""Notebooks run with checked parameters: one, or many side by side."""

import sys

# nbformat brings in jsonschema, and that a grammar of web addresses in all scripts, which no
# notebook needs and which takes a second to build. `None` reads as "not installed".
sys.modules.setdefault("rfc3987_syntax", None)
