"""Whether anybody is there to move a slider."""

import os


def headless():
    """Tell whether this is a run by papermill, where nobody moves a slider."""
    return os.environ.get("ECOMLAB_HEADLESS") == "1"
