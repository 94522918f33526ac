"""nbgrader's settings: `nbgrader generate_assignment 03_cnn_product_images` works from here.

Sources are the exercises of this repository; what is handed out, handed in and graded goes to
`course/`, which git does not see. A course of its own, with variants kept back, lies wherever
ECOMLAB_COURSE says; where it has a folder `source`, the exercises are taken from there.
"""

import os
import sys
from pathlib import Path

from nbgrader.converters.autograde import Autograde
from nbgrader.converters.generate_assignment import GenerateAssignment
from nbgrader.preprocessors import Execute

from ecomlab.classroom.grading import Grade, HandOut, Mend

c = get_config()  # noqa: F821  nbgrader gives this name

here = Path(__file__).resolve().parent
course = Path(os.environ.get("ECOMLAB_COURSE") or here / "course").resolve()
own = course / "source"

c.CourseDirectory.course_id = "ecomlab"
c.CourseDirectory.root = str(course)
c.CourseDirectory.source_directory = str(own if own.is_dir() else here / "notebooks" / "exercises")
# Known wrong answers stay with the teacher.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "wrong_answers.toml"]
# The lesson's page goes along, and the sheet's links lead to it wherever a student opens both.
c.GenerateAssignment.preprocessors = [HandOut, *GenerateAssignment.preprocessors.default()]
# What a student deleted is put back; answers are read before they run, and tests are held out of
# their reach (ecomlab/classroom/grading.py).
c.Autograde.sanitize_preprocessors = [Mend, *Autograde.sanitize_preprocessors.default()]
steps = Autograde.autograde_preprocessors.default()
c.Autograde.autograde_preprocessors = [Grade if step is Execute else step for step in steps]
# A cell that trains a network takes seconds on a quiet machine; a busy one gets ten times that.
c.Grade.timeout = int(os.environ.get("ECOMLAB_CELL_SECONDS") or 120)
c.Grade.iopub_timeout = 60  # after that time a cell may need some to be stopped
# nbgrader calls `alembic`, which lies beside it, also where this environment is not activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
course.mkdir(parents=True, exist_ok=True)
