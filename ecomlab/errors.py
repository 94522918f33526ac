"""What can go wrong, in words that say what to do."""

__all__ = ["DataUnavailableError", "OrdersError", "RunFailed", "UserError", "one_line"]


class UserError(Exception):
    """Bad input: one clear line for the user, exit code 2; in a notebook's cell that line, too."""

    def _render_traceback_(self):
        """Give IPython what it shows in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class OrdersError(UserError):
    """A shop's data cannot be used; the message lists every reason with row numbers."""


class RunFailed(Exception):
    """A notebook did not finish; the message names notebook, cell and cause in one line.

    Attributes
    ----------
    partial : Path or None
        The notebook as far as it came.
    """

    def __init__(self, message, partial=None):
        super().__init__(message)
        self.partial = partial


class DataUnavailableError(RuntimeError):
    """A data set could not be had; the message names what was tried and what to do."""

    @property
    def summary(self):
        """The first line alone, for a lesson that goes on without the data."""
        return str(self).splitlines()[0]


def one_line(error):
    """Return an error's kind and the first line of its message, cut to 240 characters."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"[:240]
