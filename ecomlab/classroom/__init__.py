"""Exercises: sheets as files, their variants and fingerprints, and how they are graded.

A sheet is one nbgrader source notebook, `notebooks/exercises/NN_name/NN_name.ipynb`. Beside it
lies `wrong_answers.toml`: where each task begins, and changes to the solution that make it wrong,
with the hint that a student reads. nbgrader is told to leave that file alone.
"""

from ecomlab.classroom.sheets import exercises, find_exercise, student_copy

__all__ = ["exercises", "find_exercise", "student_copy"]
