"""edit_oscillation: a file's content returns to an earlier state."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.edit_oscillation import DETECTOR
from tests.analysis.detectors.scripts import Script


def edits(*changes: tuple[str, str, str]) -> Script:
    made = Script().prompt("x")
    for file, old, new in changes:
        made.edit(file, old, new)
    return made


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ([("a", "one", "two"), ("a", "two", "one")], 1),
        ([("a", "one", "two"), ("b", "two", "one")], 0),
        ([("a", "one", "two"), ("a", "two", "three")], 0),
        ([("a", "one", "two"), ("a", "x = 1", "x = 2"), ("a", "two", "one")], 0),
        ([("a", "one", "two"), ("a", "two", "one"), ("a", "one", "two"), ("a", "two", "one")], 2),
        ([("a", "one", "two"), ("a", "two", "three"), ("a", "three", "one")], 1),
        ([("a", "1", "2"), ("a", "2", "1")], 0),
    ],
)
def test_an_edit_that_another_takes_back(changes, count):
    found = run(DETECTOR, edits(*changes).frames())
    assert len(found) == count
    assert all(len(ids) >= 2 for ids in found["wasted_event_ids"])


@pytest.mark.parametrize(("contents", "count"), [("ABA", 1), ("AB", 0), ("AAA", 0), ("ABC", 0), ("ABCA", 1)])
def test_a_file_written_whole_as_it_was_before(contents, count):
    made = Script().prompt("x")
    for content in contents:
        made.call("Write", {"file_path": "a.py", "content": content * 20})
    assert len(run(DETECTOR, made.frames())) == count


def test_an_edit_by_line_numbers_makes_what_was_before_unknown():
    made = Script().edit("a", "one", "two").call("edit", "edit 1:2\nnew\nend_of_edit", kind="file_write", file="a")
    assert run(DETECTOR, made.edit("a", "two", "one").frames()).empty


def test_a_failed_edit_changes_nothing():
    made = Script().edit("a", "one", "two", status="error").edit("a", "two", "one")
    assert run(DETECTOR, made.frames()).empty
