"""The time that is left, while lessons run."""

# Two lessons side by side on two cores take 14% less time than one after the other.
SAVED_SIDE_BY_SIDE = 0.14
WEIGHT = 2.0  # minutes: the yardstick counts as much as one lesson that states these


class Pace:
    """How long lessons take here, against the minutes that each states.

    Lessons state the minutes of the reference machine, each run alone. The factor between
    those and minutes here starts at the yardstick, where it is known, and follows the lessons
    as they end.

    Parameters
    ----------
    jobs : int
        How many lessons run at once; one that is `timed` runs alone.
    yardstick : float, optional
    """

    def __init__(self, jobs=1, yardstick=None):
        self._jobs = jobs
        self._slower = jobs * (1 - SAVED_SIDE_BY_SIDE) if jobs > 1 else 1.0
        self._stated = WEIGHT if yardstick else 0.0
        self._taken = WEIGHT * (yardstick or 0.0)

    @property
    def factor(self):
        """Minutes here for each stated minute of a lesson run alone; None where not known yet."""
        return self._taken / self._stated if self._stated else None

    def ended(self, lesson, seconds):
        """Note a lesson that has run, and the seconds that it took."""
        self._stated += _minutes(lesson)
        self._taken += seconds / 60 / self._slowed(lesson)

    def minutes_left(self, running, waiting):
        """Estimate the minutes until everything has run.

        Parameters
        ----------
        running : list of (Lesson, elapsed seconds)
        waiting : list of Lesson

        Returns
        -------
        float or None
            None where nothing is known yet.
        """
        if self.factor is None:
            return None
        # A lesson that is over its time is taken to be at its last tenth.
        rest = [
            (lesson, max(self._takes(lesson) - seconds / 60, self._takes(lesson) / 10))
            for lesson, seconds in running
        ]
        rest += [(lesson, self._takes(lesson)) for lesson in waiting]
        alone = sum(minutes for lesson, minutes in rest if lesson.timed)
        beside = [minutes for lesson, minutes in rest if not lesson.timed]
        return max(sum(beside) / self._jobs, *beside, 0.0) + alone

    def _takes(self, lesson):
        return _minutes(lesson) * self.factor * self._slowed(lesson)

    def _slowed(self, lesson):
        return 1.0 if lesson.timed else self._slower


def in_words(minutes):
    """Say for people how long it takes: `about 12 min left`; nothing where it is not known."""
    if minutes is None:
        return ""
    if minutes < 1:
        return "less than a minute left"
    if minutes < 100:
        return f"about {minutes:.0f} min left"
    return f"about {minutes / 60:.1f} hours left"


def _minutes(lesson):
    """Return a lesson's stated minutes; a notebook that states none is taken for a short one."""
    return lesson.minutes or 1
