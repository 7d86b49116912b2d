"""edit_churn: one file edited several times within a few calls."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.edit_churn import DETECTOR
from tests.analysis.detectors.scripts import Script


def script(letters: str) -> Script:
    """A letter edits the file of that name, a dot reads another."""
    made = Script().prompt("x")
    for place, letter in enumerate(letters):
        if letter == ".":
            made.read(f"other{place}.py")
        else:
            made.edit(f"{letter}.py", f"old {place}", f"new {place}")
    return made


@pytest.mark.parametrize(
    ("letters", "lengths"),
    [
        ("aaa", [3]), ("aa", []), ("abab", []), ("ababa", [3]), ("a....a....a", []), ("a....a...a", [3]),
        ("aaaaa", [5]), ("aaabbb", [3, 3]), ("aaa..........aaa", [3, 3]),
    ],
)  # fmt: skip
def test_three_edits_of_a_file_within_ten_calls(letters, lengths):
    assert [len(ids) for ids in run(DETECTOR, script(letters).frames())["event_ids"]] == lengths


def test_failed_edits_do_not_count():
    made = script("aa").edit("a.py", status="error")
    assert run(DETECTOR, made.frames()).empty


def test_editing_again_what_was_just_written_is_rework_and_was_in_vain():
    made = (
        Script()
        .edit("a.py", "total = 0", "total = 1")
        .edit("a.py", "total = 1", "total = 2")
        .edit("a.py", "name = 1", "name = 2")
    )
    (finding,) = run(DETECTOR, made.frames()).itertuples()
    assert finding.severity == "medium"
    assert finding.wasted_event_ids == finding.event_ids[:1]


def test_several_places_of_one_file_are_no_rework():
    (finding,) = run(DETECTOR, script("aaa").frames()).itertuples()
    assert (finding.severity, finding.wasted_event_ids) == ("info", [])


def test_a_line_that_only_shows_the_place_is_not_replaced():
    made = Script()
    for place in range(3):
        made.edit("a.py", f"def shop():\n    old{place}()", f"def shop():\n    new{place}()")
    (finding,) = run(
        DETECTOR, made.edit("a.py", "    new0()\n    pass", "    new0()\n    sell()").frames()
    ).itertuples()
    assert (finding.severity, finding.wasted_event_ids) == ("info", [])


def test_an_edit_of_which_something_is_left_is_rework_but_was_not_in_vain():
    made = Script().edit("a.py", "pass", "first()\nsecond()").edit("a.py", "first()", "other()")
    (finding,) = run(DETECTOR, made.edit("a.py", "name = 1", "name = 2").frames()).itertuples()
    assert (finding.severity, finding.wasted_event_ids) == ("medium", [])
