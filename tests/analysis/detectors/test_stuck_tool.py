"""stuck_tool: calls that never came back, and calls slower than the corpus."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.stuck_tool import DETECTOR
from tests.analysis.detectors.scripts import Script, together


def corpus(last: float, calls: int = 100, **options) -> Script:
    script = Script().prompt("x")
    for _ in range(calls):
        script.bash("make", seconds=10)
    return script.bash("make", seconds=last, **options)


def test_a_call_without_a_result_in_a_session_that_went_on():
    script = corpus(5).call("Bash", "make", result=False, kind="command_execute").say("Next.")
    (finding,) = run(DETECTOR, script.frames()).itertuples()
    assert "went on" in finding.explanation
    assert finding.wasted_event_ids == finding.event_ids


def test_a_missing_result_is_unknown_where_the_agent_records_none():
    assert run(DETECTOR, Script().prompt("x").call("Bash", "ls", result=False).say("Next.").frames()).empty


@pytest.mark.parametrize(("last", "severities"), [(10, []), (29, []), (60, ["low"]), (2000, ["medium"])])
def test_a_call_slower_than_p99_and_the_floor(last, severities):
    assert run(DETECTOR, corpus(last).frames())["severity"].tolist() == severities


def test_few_calls_make_no_p99():
    assert run(DETECTOR, corpus(2000, calls=20).frames()).empty
    assert len(run(DETECTOR, corpus(2000, calls=20).frames(), at_least=20)) == 1


def test_a_command_that_sleeps_is_meant_to_take_long():
    script = corpus(5).bash("sleep 300 && make", seconds=301)
    assert run(DETECTOR, script.frames()).empty


def test_a_tool_that_waits_for_others_is_never_slow():
    script = Script().prompt("x")
    for seconds in [10] * 100 + [900]:
        script.call("Task", {"prompt": "look"}, "done", seconds=seconds)
    assert run(DETECTOR, script.frames()).empty


def test_the_corpus_may_hold_more_sessions_than_those_looked_at():
    data = together(corpus(10), Script("s2").prompt("x").bash("make", seconds=500))
    only = data | {"steps": data["steps"][data["steps"]["session_id"] == "s2"].reset_index(drop=True)}
    assert run(DETECTOR, only)["session_id"].tolist() == ["s2"]
