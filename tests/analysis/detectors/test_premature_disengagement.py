"""premature_disengagement: stopped with the last edit unchecked and the objective open."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.premature_disengagement import DETECTOR
from tests.analysis.detectors.scripts import Script

FILE = "shop/cart.py"


def edited(prompt: str = "Round the total.") -> Script:
    return Script().prompt(prompt).read(FILE).edit(FILE)


def todos(*states: str) -> dict[str, list[dict[str, str]]]:
    return {"todos": [{"content": "x", "status": state} for state in states]}


def found(script: Script) -> list[str]:
    return [text.partition("; ")[2] for text in run(DETECTOR, script.frames())["explanation"]]


def test_open_todos_are_a_sign():
    made = Script().prompt("Go.").call("TodoWrite", todos("completed", "pending"), "ok").edit(FILE).say("I changed it.")
    assert found(made) == ["1 todos are open"]


def test_todos_that_are_done_are_none():
    made = Script().prompt("Go.").edit(FILE).call("TodoWrite", todos("completed"), "ok").say("I changed it.")
    assert found(made) == []


def test_a_failed_check_before_the_edit_is_a_sign():
    made = Script().prompt("Go.").test("t.py::test_a").edit(FILE).say("I changed it.")
    assert found(made) == ["the last check before it failed"]


@pytest.mark.parametrize(
    ("said", "sign"),
    [
        ("Now let me run the tests.", "its last message announces more"),
        ("Next, I will add the rounding of taxes.", "its last message announces more"),
        ("Two tests are still failing.", "its last message says that something fails or was not checked"),
        ("I could not run the tests here.", "its last message says that something fails or was not checked"),
    ],
)
def test_the_last_message_may_say_it(said, sign):
    assert found(edited().say(said)) == [sign]


@pytest.mark.parametrize("said", ["The total is rounded now.", "Changed as asked. Let me know what you think."])
def test_a_closing_message_says_no_such_thing(said):
    assert found(edited().say(said)) == []


def test_a_prompt_that_asks_for_passing_tests_leaves_them_open():
    assert found(edited("Make the tests pass.").say("I changed it.")) == ["the prompt asks for a check that never ran"]
    assert found(edited("Fix the failing test.").say("I changed it.")) == ["the prompt asks for a check that never ran"]


def test_a_session_that_ends_amid_its_work_may_be_open():
    (finding,) = run(DETECTOR, edited().frames()).itertuples()
    assert (finding.severity, finding.confidence) == ("medium", 0.5)


@pytest.mark.parametrize("check", [lambda made: made.test(), lambda made: made.test("t.py::test_a")])
def test_any_check_after_the_edit_validates_whatever_came_of_it(check):
    assert found(check(edited("Make the tests pass.")).say("Let me look further.")) == []


@pytest.mark.parametrize("end", [lambda made: made.interrupt(), lambda made: made.prompt("stop")])
def test_where_the_human_stopped_it_the_agent_did_not(end):
    assert found(end(Script().prompt("Go.").test("t.py::test_a").edit(FILE))) == []


def test_without_an_edit_there_is_nothing_to_validate():
    assert found(Script().prompt("Make the tests pass.").test("t.py::test_a").say("Let me think.")) == []
