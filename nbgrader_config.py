"""nbgrader's settings: `nbgrader generate_assignment 03_cnn_product_images` works from here.

Sources are the exercises of this repository; what is handed out, handed in and graded goes to
`course/`, which git does not see. A course of its own, with variants kept back, lies wherever
ECOMLAB_COURSE says; where it has a folder `source`, the exercises are taken from there.
"""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821  nbgrader gives this name

here = Path(__file__).resolve().parent
course = Path(os.environ.get("ECOMLAB_COURSE") or here / "course").resolve()
own = course / "source"

c.CourseDirectory.course_id = "ecomlab"
c.CourseDirectory.root = str(course)
c.CourseDirectory.source_directory = str(own if own.is_dir() else here / "notebooks" / "exercises")
# Known wrong answers stay with the teacher.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "wrong_answers.toml"]
# A cell that trains a network takes seconds on a quiet machine; a busy one gets ten times that.
c.Execute.timeout = 120
# nbgrader calls `alembic`, which lies beside it, also where this environment is not activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
course.mkdir(parents=True, exist_ok=True)
