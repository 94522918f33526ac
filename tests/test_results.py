"""Recording numbers in a notebook, and reading them back."""

import json

import numpy as np
import pytest

from ecomlab import results
from ecomlab.running import one


def notebook_with(*bundles):
    outputs = [{"output_type": "display_data", "data": {results.MIME_TYPE: b}} for b in bundles]
    return {"cells": [{"cell_type": "code", "source": "", "outputs": outputs}]}


def test_recorded_values_come_back_from_a_real_run(make_notebook, tmp_path):
    path = make_notebook(
        "import numpy as np\nfrom ecomlab.results import record",
        "record(accuracy=np.float32(0.5), counts=np.arange(3), name='cnn', table={'a': (1, 2)})",
    )
    run = one.run(path, "out.ipynb", root=tmp_path)
    expected = {"accuracy": 0.5, "counts": [0, 1, 2], "name": "cnn", "table": {"a": [1, 2]}}
    assert run.results == expected
    assert results.read_results(run.path) == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float64("nan"), [1.0, np.nan]])
def test_a_number_that_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match="must be finite"):
        results.record(loss=value)


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="model is a object"):
        results.record(model=object())
    with pytest.raises(ValueError, match="at least one"):
        results.record()


def test_one_name_recorded_twice_is_an_error():
    assert results.read_results(notebook_with({"a": 1}, {"b": 2})) == {"a": 1, "b": 2}
    with pytest.raises(ValueError, match="'a' is recorded twice"):
        results.read_results(notebook_with({"a": 1}, {"a": 1}))


def test_a_file_that_is_no_notebook_is_named(tmp_path):
    path = tmp_path / "orders.ipynb"
    path.write_text("customer;amount")
    with pytest.raises(ValueError, match=r"orders\.ipynb does not read as a notebook"):
        results.read_results(path)
    with pytest.raises(ValueError, match="no cells"):
        results.read_results(json.loads("{}"))


def test_code_hash_follows_code_and_not_prose():
    def hashed(prose, code):
        cells = [{"cell_type": "markdown", "source": prose}, {"cell_type": "code", "source": code}]
        return results.code_hash({"cells": [cell | {"metadata": {}} for cell in cells]})

    assert hashed("one", "x = 1") == hashed("two", "x = 1")
    assert hashed("one", "x = 1") != hashed("one", "x = 2")


@pytest.mark.parametrize("tag", sorted(results.NOT_HASHED))
def test_code_hash_leaves_out_cells_that_compute_nothing(tag):
    def hashed(*sources_and_tags):
        cells = [
            {"cell_type": "code", "source": source, "metadata": {"tags": tags}}
            for source, tags in sources_and_tags
        ]
        return results.code_hash({"cells": cells})

    assert hashed(("x = 1", []), ("y = 2", [tag])) == hashed(("x = 1", []))
    assert hashed(("x = 1", []), ("y = 2", ["other"])) != hashed(("x = 1", []))


def hash_of(source):
    return results.code_hash({"cells": [{"cell_type": "code", "metadata": {}, "source": source}]})


# Each sort of thing that Python's versions parse, print or escape in ways of their own.
SYNTAX = r"""
@decorated(option=None)
def f(a, /, b=1, *rest, c, d=None, **more) -> "float":
    return f"{a!r:>{b}} {c=} {d:.3f} text" "and" f"{more['x']}" + "é 🫨 \0"
class C(Base, metaclass=M): x: int = 3
match y:
    case {"a": 1, **rest}: z = {**a, "k": 1}
    case [1, *_] | None: x[1:2, ..., None] = lambda *, k=2: (yield)
try: (n := 3)
except* ValueError as e: raise
print(f"{x:}", 1_000.5, 1e400, 3j, b"\xff", not x, *y, sep="")
async def g(): return [i async for i in h() if await i]
"""


def test_code_hash_is_the_same_under_every_python():
    assert hash_of(SYNTAX) == "26adf02d4e736cc6"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("import numpy as np\nx = f(1)", "x = f( 1 )  # once\nfrom a.b import f"),
        ("def f():\n    'What it does.'\n    return 1", "def f():\n    return 1"),
        ("from metrics import ndcg as score\nscore(x)", "from ranking import ndcg\nndcg(x)"),
        ("x = 1\n\ny = 2", "x = 1; y = 2"),
        ("x = 'ab'", 'x = ("a" "b")'),
    ],
)
def test_code_hash_leaves_out_imports_comments_and_formatting(one, other):
    assert hash_of(one) == hash_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("from m import ndcg as score\nscore(x)", "from m import recall as score\nscore(x)"),
        ("x = {**a, 'k': 1}", "x = {'k': 1, **a}"),
        ("@cached\ndef f(): pass", "def f(): pass"),
        ("%time fit()", "%time fit(2)"),
        ("x = f'{a:.2f}'", "x = f'{a:.3f}'"),
        ("x = 1", "x = 1.0"),
        ("x = '1'", "x = 1"),
        ("x = y = 1", "x, y = 1"),
        ("if a:\n    f()\ng()", "if a:\n    f()\n    g()"),
    ],
)
def test_code_hash_tells_apart_what_computes_otherwise(one, other):
    assert hash_of(one) != hash_of(other)


def test_code_hash_follows_the_parameters_that_a_run_used():
    def hashed(default, used, rest="y = x"):
        cells = [
            {"cell_type": "code", "source": default, "metadata": {"tags": ["parameters"]}},
            {"cell_type": "code", "source": rest, "metadata": {}},
        ]
        return results.code_hash({"cells": cells}, used)

    assert hashed("X = 1", {"X": 3}) == hashed("X = 2", {"X": 3})
    assert hashed("X = 1", {"X": 3}) != hashed("X = 1", {"X": 4})
    assert hashed("X = 1", {"X": 3}) != hashed("X = 1", {"X": 3}, rest="y = 2")
    assert hashed("X = 1", None) != hashed("X = 2", None)


def test_values_are_shown_short():
    assert results.shown(0.123456) == "0.1235"
    assert results.shown([1, 0.5]) == "1, 0.5"
    assert results.shown({"a": [0.25], "b": "x"}) == "a 0.25, b x"
