"""What ends a command: one clear line, and an exit code of its own."""


class UserError(Exception):
    """Bad input: one clear line for the user, exit code 2."""


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
