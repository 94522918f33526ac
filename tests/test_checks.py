"""`ecomlab.checks`: what a student reads at once, for each way of being wrong."""

import contextlib
import io
import sys
import warnings

import nbformat
import numpy as np
import pandas as pd
import pytest

from ecomlab import checks
from ecomlab.checks import answers
from ecomlab.checks.fingerprints import pack
from ecomlab.running import one


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(answers, "_known", {})
    monkeypatch.setattr(answers, "_sheet", {})
    monkeypatch.setattr(answers, "_calls", {})


def learn(right, *cases, wrong=(), digits=4):
    """Make `task` known by an answer that is right and by others that are wrong."""

    def found(function):
        with checks.recording() as recorded, contextlib.redirect_stdout(io.StringIO()):
            function.__name__ = "task"
            checks.answer(function, *cases, digits=digits)
        return recorded[-1].found

    known = {"right": found(right), "wrong": [[found(w), h] for w, h in wrong]}
    checks.load(pack({"sheet": {}, "tasks": {"task": known}}))


def ask(function, capsys, *cases, **options):
    function.__name__ = "task"
    checks.answer(function, *cases, **options)
    said = capsys.readouterr()
    assert said.err == ""
    return said.out.strip()


@pytest.mark.parametrize(
    ("yours", "said"),
    [
        (..., "not tried. Write your answer in place of the three dots."),
        (-1.48, "right"),  # rounded on paper
        (1.5, "not yet. Look at the sign."),
        ([-1.5], "not yet. Look at the sign."),
    ],
)
def test_a_question_in_a_lesson(yours, said, capsys):
    checks.question(yours, right=-1.5, hint="Look at the sign.")
    assert capsys.readouterr().out.strip() == said


def test_a_question_holds_its_answer_folded_for_those_who_cannot_run_it(make_notebook, tmp_path):
    ask = 'from ecomlab.checks import question\nquestion(..., right=[-1.5, 2], hint="Is w < 0?")'
    executed = one.run(make_notebook(ask), tmp_path / "asked.ipynb", root=tmp_path).path
    told = nbformat.read(executed, as_version=4).cells[-1].outputs[-1].data["text/html"]
    assert "<details><summary>Answer</summary><p>[-1.5, 2]. Is w &lt; 0?</p>" in told


def test_not_tried_not_yet_and_right(capsys):
    def stub():
        raise NotImplementedError

    learn(lambda: 12)
    assert ask(stub, capsys) == "task: not tried"
    assert ask(lambda: 7, capsys) == "task: not yet. It is another number."
    assert ask(lambda: 12, capsys) == "task: right"
    assert ask(lambda: 12.0000000001, capsys) == "task: right"
    assert ask(lambda: None, capsys) == "task: not yet. It returns nothing: is there a `return`?"


def test_an_error_is_one_line(capsys):
    def broken():
        return [1, 2][5]

    said = ask(broken, capsys)
    assert said.startswith("task: not yet. It stopped with IndexError: list index out of range")
    assert "\n" not in said
    assert "SystemExit" in ask(lambda: sys.exit(3), capsys)


ARRAY = np.array([[1.0, 2.5, -3.0, 0.7], [4.0, -0.5, 2.2, 9.0]])


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (-ARRAY, "The sign"),
        (ARRAY.T, "The axes"),
        (ARRAY[:, ::-1], "The direction"),
        (ARRAY[None], "one too many"),
        (ARRAY[:, :3], "The shape: yours is (2, 3), asked is (2, 4)."),
        (ARRAY * 100, "per cent"),
        (ARRAY / 255, "pixels"),
        (ARRAY / 2, "factor of two"),
        (ARRAY / 4, "The sum"),
        (ARRAY * 8, "The mean"),
        (1 - ARRAY, "The complement"),
        (np.exp(ARRAY), "A logarithm"),
        (ARRAY / np.log(2), "base"),
        (ARRAY + 1, "Off by one"),
        (ARRAY * np.nan, "not finite"),
        ("text", "The kind"),
        ({"a": 1}, "The kind"),
        ({"a": None}, "The kind"),
        (ARRAY**3, "The numbers"),
    ],
)
def test_a_hint_names_what_is_wrong(answer, hint, capsys):
    learn(lambda: ARRAY)
    assert hint.lower() in ask(lambda: answer, capsys).lower()


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        (lambda a: -a, "The sign"),
        (lambda a: a * 100, "per cent"),
        (lambda a: a * 255, "pixels"),
        (lambda a: a[::-1], "The direction"),
        (lambda a: a.sum(), "The shape: yours is (), asked is (2,)."),
    ],
)
def test_a_small_answer_is_known_by_a_hash_and_gets_the_same_hints(change, hint, capsys):
    learn(lambda: ARRAY[:, 1])
    assert hint in ask(lambda: change(ARRAY[:, 1]), capsys)


def test_a_part_is_named_and_the_right_ones_are_counted(capsys):
    learn(lambda: {"precision": 0.25, "recall": 0.8, "text": "shirt"})
    said = ask(lambda: {"precision": 0.25, "recall": -0.8, "text": "shirt"}, capsys)
    assert "Part ['recall']: The sign" in said and "(2 of 3 parts are right)" in said
    assert "The parts: asked are ['precision']" in ask(lambda: {"precision": 0.25}, capsys)
    said = ask(lambda: {"precision": 0.25, "recall": 0.8, "text": "coat"}, capsys)
    assert "Part ['text']: Another answer" in said
    said = ask(lambda: {"precision": 0.25, "recall": None, "text": "shirt"}, capsys)
    assert "Part ['recall']: The kind: numbers are asked, yours is of type NoneType." in said
    said = ask(lambda: {"text": "coat", "precision": 9, "recall": -0.8}, capsys)
    assert "Part ['text']" in said  # the first wrong one, in the answer's own order


def test_a_known_wrong_answer_gets_its_own_hint(capsys):
    def broken(x):
        return x / [0]

    wrong = [(lambda x: -x, "You forgot to turn round."), (broken, "A list cannot be divided by.")]
    learn(lambda x: x, (3.7,), wrong=wrong)
    assert ask(lambda x: -x, capsys, (3.7,)) == "task: not yet. You forgot to turn round."
    assert "A list cannot" in ask(broken, capsys, (3.7,))
    assert ask(lambda x: x, capsys, (3.7,)) == "task: right"


def test_several_calls_and_which_one_is_wrong(capsys):
    learn(lambda x: abs(x), (3,), (-4,))
    assert "Off by one" not in ask(lambda x: x, capsys, (3,), (-4,))
    assert "(call 2 of 2)" in ask(lambda x: x, capsys, (3,), (-4,))


def test_digits_allow_for_rounding_on_paper(capsys):
    learn(lambda: 0.92414182, digits=3)
    for rounded in (0.924, 0.9241, 0.92414):
        assert ask(lambda r=rounded: r, capsys, digits=3) == "task: right"
    assert "not yet" in ask(lambda: 0.93, capsys, digits=3)
    learn(lambda: 0.9996, digits=3)  # rounds up to another power of ten
    assert ask(lambda: 1.0, capsys, digits=3) == "task: right"


def test_counts_must_be_exact(capsys):
    learn(lambda: 13824)
    assert "not yet" in ask(lambda: 13825, capsys)


def test_rules_come_with_their_hints_in_order(capsys):
    rules = [(lambda v: v > 0, "The sign."), (lambda v: v < 10, "Too large.")]
    assert ask(lambda: -1, capsys, rules=rules) == "task: not yet. The sign."
    assert ask(lambda: 11, capsys, rules=rules) == "task: not yet. Too large."
    assert ask(lambda: 5, capsys, rules=rules) == "task: right"
    said = ask(lambda: "5", capsys, rules=rules)
    assert said.startswith("task: not yet. The check stopped at it with TypeError")
    assert "sign" not in said  # which it could not judge


def test_what_keeps_the_rules_is_right_even_if_the_solution_is_another(capsys):
    rules = [(lambda v: v > 0, "The sign.")]
    learn(lambda: 5, wrong=[(lambda: 7, "Seven is a known mistake.")])
    assert ask(lambda: 6, capsys, rules=rules) == "task: right"
    assert "Seven" in ask(lambda: 7, capsys, rules=rules)
    assert "The sign" in ask(lambda: -1, capsys, rules=rules)


def test_arguments_that_cannot_be_copied_are_passed_on(capsys):
    day = pd.Timestamp("2017-02-01")
    learn(lambda d: d.day, (day,))
    assert ask(lambda d: d.day, capsys, (day,)) == "task: right"


def test_its_input_stays_as_it_was(capsys):
    given = np.arange(3.0)

    def spoils(x):
        x += 1
        return x

    learn(lambda x: x + 1, (given,))
    assert "It changes its input" in ask(spoils, capsys, (given,))
    assert given.tolist() == [0, 1, 2]


def test_warnings_stay_out_of_a_graded_cell_and_what_is_printed_goes_to_stdout(capfd):
    def noisy():
        print("hello")
        print("hello", file=sys.stderr)
        warnings.warn("careful", stacklevel=1)
        return np.log(np.zeros(1)) * 0 + np.array([1.0])

    noisy.__name__ = "task"
    checks.answer(noisy)
    said = capfd.readouterr()
    assert said.out == "hello\nhello\ntask: right\n" and said.err == ""


def test_a_flood_of_prints_is_cut(capfd):
    def task():
        for _ in range(10_000):
            print("x" * 100)
        return 1

    checks.answer(task)
    said = capfd.readouterr().out
    assert said.endswith(" ... and 1,008,000 characters more\ntask: right\n")
    assert len(said) < 2100


def test_three_significant_digits_are_the_same_in_check_and_hidden_test(capsys):
    for value, right, hint in (
        (0.0123, True, None),
        (0.01234, True, None),
        (0.012, False, "It is rounded too far: write three significant digits"),
        (0.0124, False, "The last digit is off"),
        (0.0125, False, "It is another number."),
        (0.013, False, "It is another number."),
        (0.01, False, "It is another number."),
    ):
        learn(lambda: {"a": 0.012345}, digits=3)

        def task(value=value):
            return {"a": value}

        said = ask(task, capsys, digits=3)
        assert (said == "task: right") == right, said
        if right:
            checks.require(task, (), {"a": 0.012345}, digits=3)
        else:
            assert f"Part ['a']: {hint}" in said
            with pytest.raises(checks.NotRight):
                checks.require(task, (), {"a": 0.012345}, digits=3)


def test_parts_of_an_answer_are_tested_apart():
    def task():
        return {"a": 1, "b": 2}

    checks.require(task, (), {"a": 1, "b": 3}, part=lambda answer: answer["a"])
    with pytest.raises(checks.NotRight, match="other numbers"):
        checks.require(task, (), {"a": 1, "b": 3}, part=lambda answer: answer["b"])
    with pytest.raises(checks.NotRight, match="the part that is tested here is missing"):
        checks.require(task, (), {"c": 1}, part=lambda answer: answer["c"])


def test_what_is_packed_cannot_be_read():
    packed = pack({"task": {"right": {}, "wrong": [[{}, "The sign is turned round."]]}})
    assert "sign" not in packed and "task" not in packed


def test_hidden_tests_raise_one_line():
    def task(x):
        return {"a": x, "b": [x, x]}

    checks.require(task, (2,), {"a": 2.00001, "b": [2, 2]})
    with pytest.raises(checks.NotRight, match=r"task\['b'\]: other numbers"):
        checks.require(task, (2,), {"a": 2, "b": [2, 3]})
    with pytest.raises(checks.NotRight, match="asked are"):
        checks.require(task, (2,), {"a": 2})
    with pytest.raises(checks.NotRight, match=r"shape \(2,\), asked is \(3,\)") as raised:
        checks.require(task, (2,), {"a": 2, "b": [2, 2, 2]})
    assert raised.value._render_traceback_() == [f"not right: {raised.value}"]


def test_the_last_answer_is_kept_for_hidden_tests(capsys):
    def task():
        return 5

    with pytest.raises(checks.NotRight, match="not tried"):
        checks.last_answer(task)
    checks.answer(task)
    assert checks.last_answer(task) == 5

    def task():
        raise ValueError("no")

    checks.answer(task)
    with pytest.raises(checks.NotRight, match="stopped with ValueError: no"):
        checks.last_answer(task)
