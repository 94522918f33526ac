"""The time that is left, while lessons run."""


class Pace:
    """How long lessons take here, against the minutes that each states.

    Lessons state the minutes of the reference machine, each run alone. The factor between
    those and real minutes starts at what is known of this machine, if anything is, and
    follows the lessons as they end.

    Parameters
    ----------
    factor : float, optional
        This machine's yardstick. It weighs as much as one lesson of `WEIGHT` minutes.
    """

    WEIGHT = 2.0

    def __init__(self, factor=None):
        self._stated = self.WEIGHT if factor else 0.0
        self._taken = self.WEIGHT * (factor or 0.0)

    def ended(self, stated, seconds):
        """Note a lesson that has run: the minutes it states, the seconds it took."""
        self._stated += stated
        self._taken += seconds / 60

    @property
    def factor(self):
        """Minutes here for each stated minute, or None where nothing is known yet."""
        return self._taken / self._stated if self._stated else None

    def minutes_left(self, running, waiting, alone, jobs):
        """Estimate the minutes until everything has run.

        Parameters
        ----------
        running : list of (stated minutes, elapsed seconds)
        waiting : list of float
            The stated minutes of those that run beside others.
        alone : list of float
            The stated minutes of those that run with the machine to themselves.
        jobs : int
            How many run at once.

        Returns
        -------
        float or None
            None where nothing is known yet.
        """
        if self.factor is None:
            return None
        # A lesson over its time is taken to be at its last tenth.
        rest = [
            max(stated * self.factor - seconds / 60, stated * self.factor / 10)
            for stated, seconds in running
        ]
        side_by_side = [*rest, *(stated * self.factor for stated in waiting)]
        longest = max(rest, default=0.0)
        return max(sum(side_by_side) / jobs, longest) + sum(alone) * self.factor


def shown_minutes(minutes):
    """Say for people how long it takes: `about 12 min left`; nothing where it is not known."""
    if minutes is None:
        return ""
    if minutes < 1:
        return "less than a minute left"
    if minutes < 100:
        return f"about {minutes:.0f} min left"
    return f"about {minutes / 60:.1f} hours left"
