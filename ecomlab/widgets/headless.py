"""Whether anybody is there to move a slider."""

import os

__all__ = ["headless"]


def headless():
    """Tell whether this is a run by papermill, where nobody moves a slider."""
    return os.environ.get("ECOMLAB_HEADLESS") == "1"
