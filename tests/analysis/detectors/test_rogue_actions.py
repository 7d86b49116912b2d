"""rogue_actions: dependent actions sent together."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.rogue_actions import DETECTOR
from tests.analysis.detectors.scripts import Script

EDIT = ("Edit", {"file_path": "cart.py", "old_string": "total = 1", "new_string": "total = 2"}, None)
AGAIN = ("Edit", {"file_path": "cart.py", "old_string": "total = 2", "new_string": "total = 3"}, None)
APART = ("Edit", {"file_path": "cart.py", "old_string": "price = 1", "new_string": "price = 2"}, None)
OTHER = ("Edit", {"file_path": "tax.py", "old_string": "rate = 1", "new_string": "rate = 2"}, None)
READ = ("Read", {"file_path": "cart.py"}, None)
NEW = ("Write", {"file_path": "probe.py", "content": "print(1)"}, None)
RUN = ("Bash", "python probe.py", None)
TEST = ("Bash", "pytest -q", "test_run")
COMMIT = ("Bash", "git commit -am fix", "commit_created")
PUSH = ("Bash", "git push", None)
SEARCH = ("Grep", {"pattern": "total"}, None)


def together(*calls, **options) -> Script:
    made = Script().prompt("Fix the total.").think("I see.")
    for tool, given, kind in calls:
        made.call(tool, given, "done", kind=kind, same_response=True, **options)
    return made


@pytest.mark.parametrize(
    ("calls", "linked"),
    [
        ((EDIT, TEST, COMMIT), [3]),
        ((EDIT, OTHER, TEST), [3]),
        ((EDIT, AGAIN, READ), [3]),
        ((NEW, RUN, COMMIT), [3]),
        ((EDIT, SEARCH, TEST, COMMIT), [3]),
        ((EDIT, COMMIT, PUSH), [3]),
        ((EDIT, TEST), []),
        ((EDIT, APART, OTHER), []),
        ((READ, SEARCH, READ), []),
        ((TEST, TEST, TEST), []),
        ((SEARCH, EDIT, TEST), []),
    ],
)
def test_actions_that_hang_together_count(calls, linked):
    assert [len(ids) for ids in run(DETECTOR, together(*calls).frames())["event_ids"]] == linked


def test_actions_of_different_responses_read_what_came_before():
    made = Script()
    for tool, given, kind in (EDIT, TEST, COMMIT):
        made.call(tool, given, "done", kind=kind)
    assert run(DETECTOR, made.frames()).empty


def test_what_failed_after_a_failure_was_in_vain():
    (finding,) = run(DETECTOR, together(EDIT, TEST, COMMIT, status="error").frames()).itertuples()
    assert finding.severity == "high"
    assert finding.wasted_event_ids == finding.event_ids[1:]


def test_unknown_responses_and_times_say_nothing():
    data = together(EDIT, TEST, COMMIT).frames()
    data["steps"]["response"] = None
    data["steps"]["timed"] = False
    assert run(DETECTOR, data).empty


def test_without_responses_overlapping_times_tell_it_with_less_confidence():
    data = together(EDIT, TEST, COMMIT).frames()
    calls = data["steps"]["kind"] == "call"
    data["steps"]["response"] = None
    data["steps"].loc[calls, "ended_at"] = data["steps"]["ended_at"].max()
    assert run(DETECTOR, data)["confidence"].tolist() == [0.7]
