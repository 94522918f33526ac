"""What can go wrong with data, in words that say what to do."""


class DataUnavailableError(RuntimeError):
    """A data set could not be had; the message names what was tried and what to do."""

    @property
    def summary(self):
        """The first line alone, for a lesson that goes on without the data."""
        return str(self).splitlines()[0]


class SourceFailedError(Exception):
    """One source could not give the files; the message is the reason, in a few words."""


class PayloadError(SourceFailedError):
    """A file arrived, but its contents are not the ones in the catalogue."""
