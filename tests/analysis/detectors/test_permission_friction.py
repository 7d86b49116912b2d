"""permission_friction: denials, and questions that waited."""

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.permission_friction import DETECTOR
from tests.analysis.detectors.scripts import Script


def denied(times: int) -> Script:
    script = Script().prompt("x").read("a.py")
    for _ in range(times):
        script.call("Bash", "git push", "rejected", kind="command_execute", status="denied")
    return script


def test_denied_calls_are_one_finding_and_were_in_vain():
    (finding,) = run(DETECTOR, denied(2).frames()).itertuples()
    assert finding.severity == "low"
    assert len(finding.wasted_event_ids) == 2
    assert "2 calls were denied" in finding.explanation


def test_more_denials_are_worse():
    assert [run(DETECTOR, denied(n).frames())["severity"].tolist() for n in (0, 1, 3, 6)] == [
        [],
        ["low"],
        ["medium"],
        ["high"],
    ]


def test_failed_and_interrupted_calls_are_no_denials():
    script = Script().bash("false", ok=False).call("Bash", "x", status="interrupted").call("Bash", "x", status=None)
    assert run(DETECTOR, script.frames()).empty


def test_a_question_that_waited_counts_with_its_share():
    script = Script().prompt("x").call("AskUserQuestion", {}, "yes", seconds=300)
    (finding,) = run(DETECTOR, script.frames()).itertuples()
    assert finding.severity == "medium"
    assert "waited 300 s" in finding.explanation
    assert finding.wasted_event_ids == []


def test_a_question_answered_at_once_is_no_friction():
    script = Script().prompt("x").call("AskUserQuestion", {}, "yes", seconds=20)
    assert run(DETECTOR, script.frames()).empty
    assert len(run(DETECTOR, script.frames(), waiting_s=10)) == 1


def test_a_slow_command_waits_for_nobody():
    assert run(DETECTOR, Script().bash("make", seconds=900).frames()).empty
