"""abandonment: how a session ends."""

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.abandonment import DETECTOR
from tests.analysis.detectors.scripts import Script


def found(script: Script) -> list[tuple[str, str]]:
    made = run(DETECTOR, script.frames())
    return list(zip(made["severity"], made["explanation"], strict=True))


def begun() -> Script:
    return Script().prompt("Fix it.").edit("a.py")


def test_an_answer_ends_a_session_well():
    assert found(begun().say("Done.")) == []


def test_a_call_without_a_result_at_the_end():
    assert found(begun().call("Bash", "make", result=False)) == [
        ("medium", "the session ends on a call of Bash without a result")
    ]


def test_the_pending_call_was_in_vain():
    (finding,) = run(DETECTOR, begun().call("Bash", "make", result=False).frames()).itertuples()
    assert finding.wasted_event_ids == finding.event_ids


def test_where_no_result_is_recorded_a_missing_one_is_unknown():
    assert found(Script().prompt("x").call("Bash", "make", result=False)) == []


def test_a_pending_call_that_others_came_after_is_not_the_end():
    assert found(begun().call("Bash", "make", result=False).say("Done.")) == []


def test_an_error_at_the_end():
    assert [severity for severity, _ in found(begun().error("rate limit"))] == ["high"]


def test_an_error_that_work_came_after_is_not_the_end():
    assert found(begun().error("rate limit").say("Done.")) == []


def test_a_failed_call_at_the_end():
    assert [severity for severity, _ in found(begun().bash("make", "error", ok=False))] == ["high"]


def test_a_call_that_went_well_at_the_end_is_none():
    assert found(begun().bash("make")) == []


def test_a_prompt_without_an_answer():
    assert [severity for severity, _ in found(begun().say("Done.").prompt("Now the docs."))] == ["medium"]


def test_a_farewell_needs_no_answer():
    assert found(begun().say("Done.").prompt("thanks!")) == []


def test_a_question_of_the_agent():
    assert [severity for severity, _ in found(Script().prompt("x").read("a.py").say("Which database do you use?"))] == [
        "low"
    ]


def test_a_closing_offer_after_work_is_no_open_question():
    assert found(begun().say("Fixed. Would you like me to add docs?")) == []


def test_a_subagents_last_call_is_not_the_sessions():
    assert found(begun().say("Done.").call("Bash", "make", thread="t1", result=False)) == []
