"""Submissions as classes hand them in: right and wrong ones, broken ones, and ones that cheat."""

import re
import zipfile

import nbformat
from nbformat.v4 import new_code_cell

from ecomlab.classroom.sheets import about, find_exercise, is_task, student_copy

SHEET = "01"
NAME = find_exercise(SHEET).stem
MOST = 10  # points of the tests of this sheet

# Each takes the place of the answer to `gradient`, worth two points, or stands before it.
LAZY = "def gradient(x, y, w, b):\n    return {}\n"
CHEATS = {
    "patches the checks": "checks.require = checks.must = lambda *a, **k: None\n" + LAZY,
    "patches them by name": "setattr(checks, 'require', print)\n" + LAZY,
    "patches NumPy": "np.allclose = lambda *a, **k: True\n" + LAZY,
    "patches Python": "import builtins\nbuiltins.AssertionError = KeyError\n" + LAZY,
    "swaps the modules": "import sys\nsys.modules['ecomlab.checks'] = None\n" + LAZY,
    "hides the traceback": "get_ipython().showtraceback = lambda *a, **k: None\n" + LAZY,
    "hides it by magic": "%xmode Minimal\n" + LAZY,
    "runs text": "exec('checks' + '.require = print')\n" + LAZY,
    "reads the history": "def gradient(x, y, w, b):\n    return eval(In[-1])\n",
    "reads the frames": (
        "def gradient(x, y, w, b):\n    try:\n        1 / 0\n    except Exception as e:\n"
        "        return e.__traceback__.tb_frame.f_back.f_locals['expected']\n"
    ),
    "reads the fingerprints": "def gradient(x, y, w, b):\n    return checks.answers._known\n",
    "reads the sheet's file": (
        "import json\nwith open('01_neuron_and_backprop.ipynb') as f:\n    cells = json.load(f)\n"
    )
    + LAZY,
    "equals everything": (
        "class Equal(dict):\n    __eq__ = lambda self, other: True\n"
        "def gradient(x, y, w, b):\n    return Equal()\n"
    ),
    "asks the solution": "from ecomlab.classroom import find_exercise\n" + LAZY,
    "reads the sheet's data": (
        "def gradient(x, y, w, b):\n    return {'w': x_train[0], 'b': validation_loss}\n"
    ),
    "carries the data out": (
        "store = []\nstore.append(y_val)\n"
        "def gradient(x, y, w, b):\n    return {'w': store[0], 'b': 0}\n"
    ),
    "lets pandas run text": "import pandas as pd\npd.eval('@checks.must')\n" + LAZY,
    "writes a file for the next kernel": (
        "import pandas as pd\nstart = pd.Series(['import os'])\n"
        "start.to_csv('~/.ipython/profile_default/startup/1.py')\n"
    )
    + LAZY,
    "calls C": "np.ctypeslib.ctypes.pythonapi.PyRun_SimpleString(b'1')\n" + LAZY,
    "reaches in by a text": (
        "def gradient(x, y, w, b):\n    return '{0.__globals__[y_val]}'.format(gradient)\n"
    ),
    "reaches in by a module's module": (
        "import fractions\nread = fractions.operator.attrgetter('__globals__')\n" + LAZY
    ),
    "makes a class by another name": (
        "kind = type\nEqual = kind('Equal', (dict,), {'__eq__': lambda self, other: True})\n"
        "def gradient(x, y, w, b):\n    return Equal()\n"
    ),
    "has the data as a default": (
        "def gradient(x, y, w, b, *, of=lambda: y_val, data=x_train[0]):\n"
        "    return {'w': data, 'b': of}\n"
    ),
    "carries the data out by a function": (
        "import heapq\nstore = []\nheapq.heappush(store, y_val[0])\n"
        "def gradient(x, y, w, b):\n    return {'w': store[0], 'b': 0}\n"
    ),
    "patches NumPy by a decorator": (
        "import functools\nfrom collections import namedtuple\n"
        "Patch = namedtuple('Patch', 'allclose')\n"
        "functools.update_wrapper(np, Patch(lambda *a, **k: True), ('allclose',), ())\n"
    )
    + LAZY,
    "reads attributes by a pattern": (
        "def gradient(x, y, w, b):\n    match gradient:\n"
        "        case object(__builtins__=inside):\n            return inside['getattr']\n"
    ),
    "reads a generator's frames by a text": (
        "def gradient(x, y, w, b):\n    def inside():\n"
        "        yield '{0.gi_frame.f_back.f_back.f_back.f_locals[expected]}'.format(me)\n"
        "    me = inside()\n    return {'w': next(me), 'b': 0}\n"
    ),
    "has its fields in a field": "text = '{0:{1.gi_frame}}'.format(0, 1)\n" + LAZY,
    "finds names by a text": (
        "def gradient(x, y, w, b):\n    return {'w': np.r_['x_' + 'train'][0], 'b': 0}\n"
    ),
    "patches pandas": (
        "import pandas as pd\n"
        "pd.api.extensions.register_series_accessor('to_numpy')(lambda s: lambda *a: 0)\n"
    )
    + LAZY,
    "reads other memory": (
        "def gradient(x, y, w, b):\n"
        "    near = np.lib.stride_tricks.as_strided(x, (10**6,), (8,))\n"
        "    return {'w': near[:4], 'b': 0}\n"
    ),
    "is the importer": (
        "import collections\nReferee = collections.namedtuple('Referee', 'run_test')\n"
        "def __import__(name, fromlist):\n    return Referee(lambda *a: None)\n"
    )
    + LAZY,
    "takes Python's names": "import math as __builtins__\n" + LAZY,
    "walks through NumPy's modules": "np.matrixlib.defmatrix.ast.parse('1')\n" + LAZY,
}
# These name nothing that is forbidden. What they change is put back before the test, and what a
# test defines, whose text is public, they do not see.
WANTED = "def gradient(x, y, w, b):\n    return {'w': slopes[:-1], 'b': slopes[-1]}\n"
REBINDS = {
    "binds NumPy anew": "class_ = 0\nnp = None\n" + LAZY,
    "binds the checks anew": "def must(*a):\n    pass\nrequire = must\nsum = zip = must\n" + LAZY,
    "has the data in a closure": (
        "def made(data):\n    def gradient(x, y, w, b):\n        return {'w': data[0], 'b': 0}\n"
        "    return gradient\n\ngradient = made(x_train)\n"
    ),
    "leaves the kernel": "def gradient(x, y, w, b):\n    raise SystemExit\n",
    "returns what the test wants": WANTED,
    "binds what the test wants": "slopes = np.zeros(3)\n" + WANTED,
    "calls the test's helper": (
        "def gradient(x, y, w, b):\n    steps = 1e-5 * np.eye(len(w))\n"
        "    loss = [loss_at(x, y, np.append(w + step, b)) for step in steps]\n"
        "    return {'w': np.array(loss), 'b': 0}\n"
    ),
}


def copy_with_answers():
    """A student's copy with right answers in it, and the answers by task."""
    notebook = nbformat.read(find_exercise(SHEET), as_version=4)
    answers = {about(c).grade_id: c.source for c in notebook.cells if is_task(c)}
    student = student_copy(notebook)
    for cell in student.cells:
        if is_task(cell):
            text = answers[about(cell).grade_id]
            cell.source = re.sub(r"^ *### (BEGIN|END) SOLUTION\n?", "", text, flags=re.M)
    return student


def cell_of(notebook, name):
    return next(c for c in notebook.cells if about(c).get("grade_id") == name)


def place_of(notebook, name):
    return notebook.cells.index(cell_of(notebook, name))


def inside(code):
    """Change the answer to `gradient`: this code stands at its beginning."""

    def change(notebook):
        cell = cell_of(notebook, "gradient")
        cell.source = cell.source.replace("    p = 1", f"    {code}\n    p = 1")

    return change


def instead(code):
    def change(notebook):
        cell_of(notebook, "gradient").source = code

    return change


def untouched(notebook):
    empty = student_copy(nbformat.read(find_exercise(SHEET), as_version=4))
    notebook.cells = empty.cells


def wrong(notebook):
    for task, (old, new) in {
        "gradient": (" / len(y)", ""),
        "on_paper": ("-np.log(p)", "p"),
    }.items():
        cell = cell_of(notebook, task)
        assert old in cell.source
        cell.source = cell.source.replace(old, new)


def half(notebook):
    cell = cell_of(notebook, "backward")
    cell.source = cell.source.replace(" * (1 - a1**2)", "")


def answered(notebook):
    cell_of(notebook, "in_your_own_words").source = "One weighted sum is left."


def deleted(notebook):
    del notebook.cells[place_of(notebook, "test_gradient")]
    del notebook.cells[place_of(notebook, "gradient")]
    del notebook.cells[place_of(notebook, "given_3")]


def copied(notebook):
    place = place_of(notebook, "test_gradient")
    notebook.cells.insert(place, nbformat.from_dict(notebook.cells[place]))
    place = place_of(notebook, "gradient")
    notebook.cells.insert(place, nbformat.from_dict(notebook.cells[place]))


def turned_to_text(notebook):
    for name in ("test_gradient", "backward"):
        cell = cell_of(notebook, name)
        cell.cell_type = "markdown"
        del cell["outputs"], cell["execution_count"]


def written_elsewhere(notebook):
    cell = cell_of(notebook, "gradient")
    notebook.cells[place_of(notebook, "gradient")] = new_code_cell(cell.source)


def tests_changed(notebook):
    cell_of(notebook, "test_gradient").source = "pass"
    cell_of(notebook, "gradient").source = LAZY


def skipped_by_tag(notebook):
    cell_of(notebook, "gradient").source = LAZY
    cell_of(notebook, "test_gradient").metadata["tags"] = ["skip-execution"]


def locked_by_oneself(notebook):
    cell_of(notebook, "gradient").source = LAZY
    lock = {"locked": True, "grade_id": "mine", "solution": False, "grade": False, "task": False}
    mine = new_code_cell(CHEATS["patches the checks"], metadata={"nbgrader": lock})
    notebook.cells.insert(place_of(notebook, "test_gradient"), mine)


def spoils_the_data(notebook):
    mine = new_code_cell("y_val[:] = 0\nx_val[:] = 0")
    notebook.cells.insert(place_of(notebook, "settings"), mine)


def own_kernel(notebook):
    notebook.metadata["kernelspec"] = {"name": "xcpp17", "display_name": "C++", "language": "c++"}
    notebook.metadata["language_info"] = {"name": "c++"}


def names_lost(notebook):
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})


def names_and_ids_lost(notebook):
    names_lost(notebook)
    for place, cell in enumerate(notebook.cells):
        cell.id = f"c{place}"


def windows_line_ends(notebook):
    for cell in notebook.cells:
        cell.source = cell.source.replace("\n", "\r\n")


def names_bound_in_between(notebook):
    mine = new_code_cell("np = None\nchecks_ = 0\nx_train = y_val = None")
    notebook.cells.insert(place_of(notebook, "given_3"), mine)


# What a class hands in: how it differs from right answers, its points, and what is remarked.
REAL = {
    "right": (lambda n: None, 10, None),
    "untouched": (untouched, 0, "on_paper: not tried"),
    "wrong": (wrong, 7, "on_paper"),
    "a part is right": (half, 8, "backward"),
    "an answer for a person": (answered, 10, None),
    "syntax error": (instead("def gradient(x"), 8, "gradient: its cell stopped with SyntaxError"),
    "divides by zero": (inside("1 / 0"), 8, "gradient: stopped with ZeroDivisionError"),
    "cells deleted": (deleted, 8, "the cell `given_3` was missing and is put back"),
    "cells copied": (copied, 10, "the cell `gradient` stood there 2 times"),
    "cells turned to text": (turned_to_text, 10, "the cell `test_gradient` was of another type"),
    "answer in a new cell": (written_elsewhere, 10, "the cell `gradient` was missing"),
    "tests changed": (tests_changed, 8, "gradient"),
    "asks for input": (inside("input()"), 8, "gradient: stopped with StdinNotImplementedError"),
    "endless memory": (
        inside("x = list(x)\n    while True:\n        x.append(1)"),
        8,
        "gradient: stopped with MemoryError",
    ),
    "endless time": (
        inside("while True:\n        pass"),
        8,
        "gradient: was stopped at the end of its time",
    ),
    "prints 100 million letters": (inside('print("x" * 10**8)'), 10, None),
    "prints 100 million lines": (
        lambda n: instead('for i in range(10**8):\n    print("x")')(n),
        8,
        "gradient: its cell stopped with RuntimeError: it printed more than 100,000 characters",
    ),
    "skipped by a tag": (skipped_by_tag, 8, "gradient"),
    "locked by oneself": (locked_by_oneself, 8, "a cell of your own was refused"),
    "prints a hundred thousand times": (
        inside("for i in range(100_000):\n        print(i)"),
        10,
        None,
    ),
    "Windows line ends": (windows_line_ends, 10, None),
    "a kernel of another name": (own_kernel, 10, "it was saved for the kernel `xcpp17`"),
    "names of cells lost": (names_lost, 10, "no cell had its name any more"),
    "names and ids lost": (names_and_ids_lost, 10, "no cell had its name any more"),
    "names bound in between": (names_bound_in_between, 10, None),
    "writes a file by a text": (
        inside(
            "import pandas as pd\n"
            "    pd.DataFrame({'a': [1]}).agg('to_' + 'csv', path_or_buf='a.csv')"
        ),
        8,
        "gradient: stopped with PermissionError: an answer leaves the notebook",
    ),
    "runs text by a text": (
        inside("import pandas as pd\n    pd.DataFrame({'a': [1]}).agg('ev' + 'al', expr='a')"),
        8,
        "gradient: stopped with PermissionError: an answer lets pandas run text as code",
    ),
    "spoils the data": (spoils_the_data, 8, "an answer has changed the sheet's own"),
}


def as_text(path):
    path.rename(path.with_name(path.name + ".txt"))


def in_an_archive(path):
    with zipfile.ZipFile(path.with_name("homework.zip"), "w") as archive:
        archive.write(path, path.name)
    path.unlink()


def in_utf_16(path):
    path.write_text(path.read_text("utf-8"), encoding="utf-16")


def with_a_mark(path):
    path.write_text(path.read_text("utf-8").replace("\n", "\r\n"), encoding="utf-8-sig")


def beside_it(words):
    """Write such a time of handing in beside the notebook."""

    def change(path):
        path.with_name("timestamp.txt").write_text(words)

    return change


DUE = "2026-05-04 12:00:00 UTC"
# What happens to a file of right answers: its points, and what is remarked.
FILES = {
    "file renamed": (lambda p: p.rename(p.with_name("my homework (2).ipynb")), 10, "(2).ipynb"),
    "file as text": (as_text, 10, f"the file was called {NAME}.ipynb.txt"),
    "file in an archive": (in_an_archive, 0, "no notebook of this sheet was handed in, but home"),
    "empty folder": (lambda p: p.unlink(), 0, "no notebook of this sheet was handed in"),
    "no notebook": (lambda p: p.write_text("{ this is no notebook"), 0, "could not be read"),
    "another encoding": (in_utf_16, 10, "was in another encoding"),
    "a mark at its beginning": (with_a_mark, 10, "was in another encoding"),
    "on time": (beside_it("2026-05-04 11:59:00 UTC"), 10, None),
    "late": (beside_it("2026-05-06 13:00:00 UTC"), 10, "handed in late, by 2 days, 1:00:00"),
    "no time": (beside_it("yesterday evening"), 10, "its timestamp.txt could not be read"),
}
