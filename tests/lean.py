"""Imported first: no process of the tests builds a grammar that takes a second.

`ecomlab/running/__init__.py` says which, and why nothing needs it.
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)
