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


@pytest.mark.parametrize(
    ("commands", "linked"),
    [
        (("mkdir -p out/q1", "node render.js --output out/q1/report.html", "wc -c out/q1/report.html"), [3]),
        (("curl -o data.csv https://example.org/x", "python load.py data.csv > load.log", "tail load.log"), [3]),
        (("git switch -c fix-total", "git commit -am 'Round once'", "git push -u origin fix-total"), [3]),
        (("git add src/cart.py", "git commit -m 'Round once'", "gh pr create --fill"), [3]),
        (("mkdir q1", "cp rates.csv q1/rates.csv", "sort q1/rates.csv"), [3]),
        (("cp rates.csv .", "./total", "./tax"), []),
        (("mkdir q1", "mkdir q2", "mkdir q3"), []),
        (("ls a 2>/dev/null", "ls b 2>/dev/null", "ls c 2>/dev/null"), []),
        (("git add a.py", "git add b.py", "git status"), []),
        (("git log -3", "git diff", "git push"), []),
        (("mkdir logs", "cat catalogs.txt", "head analogs.txt"), []),
        (("make --output-sync", "node render.js --output page.html", "wc -c page.html"), []),
    ],
)
def test_commands_that_need_what_others_made_or_staged_hang_together(commands, linked):
    kinds = {"git commit": "commit_created"}
    calls = [("Bash", line, kinds.get(" ".join(line.split()[:2]))) for line in commands]
    assert [len(ids) for ids in run(DETECTOR, together(*calls).frames())["event_ids"]] == linked


def test_staging_all_stages_what_was_just_edited():
    stage = ("Bash", "git add -A && git status", None)
    assert len(run(DETECTOR, together(EDIT, stage, COMMIT).frames())) == 1
    assert run(DETECTOR, together(EDIT, ("Bash", "git add other.py", None), READ).frames()).empty


def test_actions_of_different_responses_read_what_came_before():
    made = Script()
    for tool, given, kind in (EDIT, TEST, COMMIT):
        made.call(tool, given, "done", kind=kind)
    assert run(DETECTOR, made.frames()).empty


def test_what_failed_after_a_failure_was_in_vain():
    (finding,) = run(DETECTOR, together(EDIT, TEST, COMMIT, status="error").frames()).itertuples()
    assert finding.severity == "high"
    assert finding.wasted_event_ids == finding.event_ids[1:]


def test_what_a_human_denied_did_not_fail():
    (finding,) = run(DETECTOR, together(EDIT, TEST, COMMIT, status="denied").frames()).itertuples()
    assert (finding.severity, finding.wasted_event_ids) == ("medium", [])


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
