"""edit_test_fail_loop: edit, test, fail, and the failing tests do not become fewer."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.edit_test_fail_loop import DETECTOR
from tests.analysis.detectors.scripts import Script


def loop(*failing: str) -> Script:
    """An edit and a test run for each word; its letters are the tests that fail."""
    made = Script().prompt("x")
    for number, names in enumerate(failing):
        made.edit("a.py", f"old {number}", f"new {number}").test(*(f"t.py::{name}" for name in names))
    return made


@pytest.mark.parametrize(
    ("failing", "cycles"),
    [
        (("a", "a", "a"), 3), (("a", "a"), 0), (("ab", "a", "a"), 0), (("a", "b", "c"), 3), (("a", "ab", "abc"), 3),
        (("a", "a", "", "a", "a"), 0), (("abc", "ab", "a"), 0), (("a", "a", "a", "a", "a"), 5),
        (("ab", "a", "a", "a"), 3),
    ],
)  # fmt: skip
def test_three_cycles_whose_failing_set_does_not_shrink(failing, cycles):
    found = run(DETECTOR, loop(*failing).frames())
    assert [len(ids) // 2 for ids in found["event_ids"]] == ([cycles] if cycles else [])


def test_it_says_whether_the_tests_passed_later():
    open_, resolved = (run(DETECTOR, loop(*words).frames()).iloc[0] for words in (("a", "a", "a"), ("a", "a", "a", "")))
    assert (open_["severity"], resolved["severity"]) == ("high", "medium")
    assert "never resolved" in open_["explanation"]
    assert "the tests passed later" in resolved["explanation"]
    assert "in 1 min" in open_["explanation"]


def test_a_run_again_without_an_edit_is_no_cycle():
    made = Script().edit("a.py").test("t::a").test("t::a").test("t::a")
    assert run(DETECTOR, made.frames()).empty


def test_a_new_prompt_ends_a_loop():
    made = loop("a", "a").prompt("try something else")
    made.edit("a.py", "z", "y").test("t.py::a")
    assert run(DETECTOR, made.frames()).empty


def test_where_nobody_says_what_failed_it_is_less_sure():
    made = Script().prompt("x")
    for number in range(3):
        made.edit("a.py", "x", f"y{number}").bash("make test", "make: *** [test] Error 2", kind="test_run", ok=False)
    (finding,) = run(DETECTOR, made.frames()).itertuples()
    assert finding.confidence == 0.6


@pytest.mark.parametrize(
    "said",
    [
        "python: can't open file '/shop/manage.py': [Errno 2] No such file or directory",
        "/usr/bin/python3: No module named pytest",
        "bash: pytest: command not found",
        "/bin/sh: 1: pytest: not found",
    ],
)
def test_a_run_that_never_began_is_no_cycle(said):
    made = Script().prompt("x")
    for number in range(3):
        made.edit("a.py", "x", f"y{number}").bash("python manage.py test", said, kind="test_run", ok=False)
    assert run(DETECTOR, made.frames()).empty
    for number in range(3):
        made.edit("b.py", "x", f"y{number}").test("t.py::a")
    assert len(run(DETECTOR, made.frames())) == 1


def test_a_run_that_broke_before_its_tests_has_no_smaller_failing_set():
    made = Script().prompt("x")
    for number, said in enumerate(("2 failed", "error: 0 failed", "2 failed")):
        made.edit("a.py", "x", f"y{number}").bash("make test", said, kind="test_run", ok=False)
    assert len(run(DETECTOR, made.frames())) == 1


@pytest.mark.parametrize(
    ("failing", "vain"), [(("a", "a", "a"), [1, 2]), (("a", "b", "c"), []), (("a", "a", "b", "b"), [1, 3])]
)
def test_a_cycle_that_fails_just_as_the_one_before_was_in_vain(failing, vain):
    (finding,) = run(DETECTOR, loop(*failing).frames()).itertuples()
    assert finding.wasted_event_ids == [one for cycle in vain for one in finding.event_ids[2 * cycle : 2 * cycle + 2]]
