"""Files that are whole or not there: a temporary name, then a rename."""

import os
from pathlib import Path


def write_bytes(path, payload):
    """Write a file whole or not at all, and return its path.

    Parameters
    ----------
    path : str or Path
        Its folder is made where it is missing.
    payload : bytes

    Raises
    ------
    OSError
        With the name of the file, not that of the temporary one beside it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(payload)
        temporary.replace(path)
    except OSError as error:
        error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)
    return path


def write_text(path, text):
    """Write a text as UTF-8, whole or not at all, and return its path."""
    return write_bytes(path, text.encode("utf-8"))
