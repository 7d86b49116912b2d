"""Rework: right at once, corrected by the agent itself, written twice."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentobs.analysis.rework import rework
from tests.analysis.detectors.scripts import Script


def of(script: Script) -> pd.Series:
    data = script.frames()
    return rework(data["steps"], data["sessions"]["session_id"]).iloc[0]


def test_a_file_is_right_at_once_when_no_edit_follows_its_check():
    made = of(Script().edit("a.py").edit("a.py").edit("b.py").test("t::b").edit("b.py").test().edit("c.py"))
    assert made["files_checked"] == 2
    assert made["one_shot_rate"] == 0.5


def test_without_a_check_nobody_knows_what_was_right():
    assert pd.isna(of(Script().edit("a.py").say("Done."))["one_shot_rate"])


CORRECTIONS = {
    "corrected": (Script().edit("a.py").test("t::a").test("t::a").edit("a.py").test(), 1, 1.0),
    "passed without an edit": (Script().edit("a.py").test("t::a").test(), 1, 0.0),
    "the human came between": (Script().edit("a.py").test("t::a").prompt("Try b").edit("a.py").test(), 1, 0.0),
    "never": (Script().edit("a.py").test("t::a").edit("a.py").test("t::a"), 1, 0.0),
    "once of twice": (Script().edit("a.py").test("t::a").edit("a.py").test().test("t::b").say("x"), 2, 0.5),
    "nothing failed": (Script().edit("a.py").test(), 0, None),
}


@pytest.mark.parametrize("name", CORRECTIONS)
def test_self_correction(name):
    script, streaks, rate = CORRECTIONS[name]
    made = of(script)
    assert made["failed_streaks"] == streaks
    assert pd.isna(made["self_correction_rate"]) if rate is None else made["self_correction_rate"] == rate


LINES = {
    "written once": (Script().edit("a.py", "x", "one\ntwo"), 2, 0),
    "one line replaced": (Script().edit("a.py", "x", "one\ntwo").edit("a.py", "one\ntwo", "one\n2"), 4, 1),
    "lines of others": (Script().edit("a.py", "x", "one").edit("a.py", "y", "two"), 2, 0),
    "another file": (Script().edit("a.py", "x", "one").edit("b.py", "one", "two"), 2, 0),
    "written anew": (
        Script().edit("a.py", "x", "one\ntwo").call("Write", {"file_path": "a.py", "content": "one\n2"}), 4, 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_lines_that_were_written_twice(name):
    script, written, again = LINES[name]
    made = of(script)
    assert [made["lines_edited"], made["lines_edited_again"]] == [written, again]
    assert made["rework_share"] == again / written


@pytest.mark.parametrize(
    ("second", "again"),
    [("11:12", 2), ("12:20", 1), ("1:9", 0), ("13:13", 0), ("5:30", 2)],
)
def test_edits_by_line_numbers_meet_what_stands_there(second, again):
    script = Script()
    for span, text in (("11:11", "one\ntwo"), (second, "three")):
        script.call("edit", f"edit {span}\n{text}\nend_of_edit", "ok", kind="file_write", file="a.py")
    assert of(script)["lines_edited_again"] == again


def test_lines_move_when_others_are_put_above_them():
    script = Script()
    for span, text in (("10:10", "mine"), ("1:1", "a\nb\nc"), ("12:12", "again")):
        script.call("edit", f"edit {span}\n{text}\nend_of_edit", "ok", kind="file_write", file="a.py")
    assert of(script)["lines_edited_again"] == 1


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 5), st.integers(1, 4)), min_size=1, max_size=12))
def test_no_more_is_written_again_than_was_written(edits):
    script = Script()
    for first, more, count in edits:
        text = "\n".join("x" for _ in range(count))
        script.call("edit", f"edit {first}:{first + more}\n{text}\nend_of_edit", "ok", kind="file_write", file="a.py")
    made = of(script)
    assert made["lines_edited"] == sum(count for *_, count in edits)
    assert 0 <= made["rework_share"] <= 1
