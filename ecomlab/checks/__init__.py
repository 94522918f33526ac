"""What an exercise answers at once: not tried, not yet and why, or right.

A task is a function that the student writes. Each exercise carries fingerprints of the right
answers and of known wrong ones, packed into its first code cell: enough to recognise an answer,
not to read one. Points come from nbgrader's hidden tests, which use other inputs. In a lesson,
`question` asks for a number before one goes on.
"""

from ecomlab.checks.answers import (
    NotRight,
    answer,
    last_answer,
    load,
    must,
    question,
    recording,
    require,
    take_over,
)

__all__ = ["NotRight", "answer", "last_answer", "load", "must", "question", "recording"]
__all__ += ["require", "take_over"]
