"""analysis_paralysis: model calls in a row that only reason."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.analysis_paralysis import DETECTOR
from tests.analysis.detectors.scripts import Script

TEXT = "The total may be rounded twice, or not at all; let me consider both."


def thinking(script: Script, count: int) -> Script:
    for _ in range(count):
        script.think(TEXT)
    return script


@pytest.mark.parametrize(("count", "findings", "severity"), [(4, 0, []), (5, 1, ["medium"]), (10, 1, ["high"])])
def test_five_model_calls_without_an_action_count(count, findings, severity):
    found = run(DETECTOR, thinking(Script().prompt("Fix it."), count).read("a.py").frames())
    assert (len(found), found["severity"].tolist()) == (findings, severity)


@pytest.mark.parametrize("between", ["read", "prompt", "interrupt", "compaction"])
def test_an_action_or_the_human_ends_a_row(between):
    made = thinking(Script(), 3)
    getattr(made, between)(*{"read": ["a.py"], "prompt": ["and?"]}.get(between, []))
    assert run(DETECTOR, thinking(made, 3).frames()).empty


def test_a_tool_that_only_thinks_is_reasoning():
    made = Script()
    for _ in range(5):
        made.call("think", {"thought": TEXT}, "logged")
    assert len(run(DETECTOR, made.frames())) == 1


def test_the_list_of_todos_is_neither():
    made = Script()
    for _ in range(6):
        made.call("TodoWrite", {"todos": []}, "ok")
    assert run(DETECTOR, made.frames()).empty
    assert len(run(DETECTOR, thinking(thinking(Script(), 3).call("TodoWrite", {}, "ok"), 2).frames())) == 1


def planning(count: int, tool: str = "TodoWrite", **given) -> Script:
    made = Script().prompt("Round the total once.")
    for number in range(count):
        made.think(f"Option {number}: round at the end, or in each line?").call(tool, given, "ok", same_response=True)
    return made


@pytest.mark.parametrize(
    ("made", "findings"),
    [
        (planning(5), 1),
        (planning(6, "update_plan", plan=[]), 1),
        (planning(4), 0),
        (planning(2).read("a.py"), 0),
        (planning(3).say("Rounding twice loses cents, rounding once does not."), 0),
        (planning(4).say("Rounding twice loses cents, rounding once does not."), 1),
        (planning(5, "Bash", command="ls"), 0),
        (planning(5, "TaskOutput", task_id="b1"), 0),
    ],
)
def test_thoughts_that_come_with_the_list_of_todos_reason(made, findings):
    assert len(run(DETECTOR, made.frames())) == findings


def test_a_list_kept_beside_work_is_no_paralysis():
    made = Script().prompt("Round the total once.")
    for number in range(6):
        made.think(TEXT).call("TodoWrite", {}, "ok", same_response=True)
        made.call("Edit", {"file_path": f"{number}.py"}, "edited", same_response=True)
    assert run(DETECTOR, made.frames()).empty


def test_several_messages_of_one_response_are_one_call():
    made = thinking(Script(), 5)
    data = made.frames()
    data["steps"]["response"] = "r1"
    assert run(DETECTOR, data).empty


def test_a_response_that_also_acts_is_no_paralysis():
    made = Script()
    for _ in range(6):
        made.think(TEXT).call("Read", {"file_path": "a.py"}, same_response=True)
    assert run(DETECTOR, made.frames()).empty


def test_where_responses_are_unknown_answers_count_with_less_confidence():
    made = Script()
    for _ in range(5):
        made.say(TEXT)
    data = made.frames()
    data["steps"]["response"] = None
    assert run(DETECTOR, data)["confidence"].tolist() == [0.6]


def test_short_answers_reason_about_nothing():
    made = Script()
    for _ in range(6):
        made.say("OK")
    assert run(DETECTOR, made.frames()).empty


def test_a_subagent_between_does_not_break_a_row():
    made = thinking(Script(), 3).call("Read", {"file_path": "a.py"}, thread="t1")
    assert len(run(DETECTOR, thinking(made, 3).frames())) == 1
