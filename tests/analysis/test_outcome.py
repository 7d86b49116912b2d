"""Outcome: what the end of a session says of its success, and that nothing is said without evidence."""

import pandas as pd
import pytest

from agentobs import frames
from agentobs.analysis.outcome import OUTCOMES, SIGNS, Sign, outcomes
from tests.analysis.detectors.scripts import Script, together


def edited() -> Script:
    return Script().prompt("Fix the total in shop/cart.py").read("shop/cart.py").edit("shop/cart.py")


def told(script: Script, findings: pd.DataFrame | None = None, **settings) -> pd.Series:
    data = script.frames()
    found = frames.empty(frames.FINDINGS) if findings is None else findings
    return outcomes(data["steps"], data["sessions"]["session_id"], found, **settings).iloc[0]


ENDS = {
    "tests pass": (edited().test().say("All tests pass."), "success"),
    "tests fail": (edited().test("t::a").say("Done."), "failure"),
    "only the last tests count": (edited().test("t::a").edit("shop/cart.py").test().say("Done."), "success"),
    "tests before the last edit say nothing": (edited().test().edit("shop/cart.py").say("Done."), "unknown"),
    "nothing was checked": (edited().say("It works now."), "unknown"),
    "nothing was changed": (Script().prompt("What is this?").read("a.py").say("A shop."), "unknown"),
    "a run is no proof": (edited().bash("python shop/cart.py", "total 3").say("Done."), "unknown"),
    "committed": (edited().test().bash("git commit -am x", kind="commit_created").say("Done."), "success"),
    "the human is content": (edited().say("Done.").prompt("thanks, that works"), "success"),
    "the human is not": (edited().test().say("Done.").prompt("no, it still fails").say("Sorry."), "partial"),
    "rejected without a check": (edited().say("Done.").prompt("that's wrong").say("Sorry."), "failure"),
    "rolled back": (edited().test("t::a").bash("git checkout .", kind="rollback_performed").say("Gave up."), "failure"),
    "no answer to the last prompt": (edited().test().say("Done.").prompt("Now add a discount to it"), "abandoned"),
    "a call without a result": (edited().call("Bash", "sleep 100", result=False), "abandoned"),
    "an error of the client": (edited().test().error("exit_cost"), "abandoned"),
    "stopped by its human": (edited().test().interrupt(), "abandoned"),
    "handed in": (edited().test().call("submit", "submit", result=False), "success"),
}


@pytest.mark.parametrize("name", ENDS)
def test_an_end_has_its_outcome(name):
    script, expected = ENDS[name]
    assert told(script)["outcome"] == expected


def test_a_check_that_never_tried_the_work_says_nothing():
    missing = edited().bash("pytest -q", "bash: pytest: command not found", kind="test_run", ok=False).say("Done.")
    none = edited().bash("pytest -q", "Ran 0 tests in 0.000s\n\nOK", kind="test_run").say("Done.")
    assert [told(missing)["outcome"], told(none)["outcome"]] == ["unknown", "unknown"]


def test_a_test_that_the_session_wrote_itself_is_not_enough():
    own = Script().prompt("Fix it").edit("cart.py").call("Write", {"file_path": "test_mine.py", "content": "x"})
    made = told(own.test(command="python test_mine.py").say("Done."))
    assert made["outcome"] == "unknown"
    assert "the last tests after the last edit passed, of a file that the session wrote" in made["evidence"]
    assert told(own.bash("git commit -am x", kind="commit_created"))["outcome"] == "success"


def test_pushback_that_a_detector_saw_counts():
    data = edited().test().say("Done.").prompt("Hm, I had hoped for the gross total").say("Changed.")
    prompt = data.frames()["steps"].query("kind == 'prompt'")["event_id"].iloc[-1]
    found = frames.empty(frames.FINDINGS)
    found.loc[0, ["detector", "session_id"]] = ["user_pushback", "s1"]
    found.at[0, "event_ids"] = [prompt]
    assert told(data)["outcome"] == "success"
    assert told(data, found)["outcome"] == "partial"


def test_confidence_is_of_the_outcome_and_missing_where_it_is_unknown():
    good, bad = told(ENDS["tests pass"][0]), told(ENDS["tests fail"][0])
    assert good["outcome_confidence"] == good["success_belief"] > 0.5
    assert bad["outcome_confidence"] == 1 - bad["success_belief"] > 0.5
    assert pd.isna(told(ENDS["nothing was checked"][0])["outcome_confidence"])
    assert good["evidence"][0] == "the last tests after the last edit passed"


def test_more_against_it_never_raises_the_belief():
    heavier = {name: Sign(min(sign.weight, 2 * sign.weight), sign.hard, sign.says) for name, sign in SIGNS.items()}
    for script, _ in ENDS.values():
        assert told(script, signs=heavier)["success_belief"] <= told(script)["success_belief"]


def test_each_session_is_judged_by_itself_in_the_order_asked_for():
    scripts = [
        Script(name).prompt("Fix it").edit("a.py").test(*failing).say("Done.")
        for name, failing in (("one", ()), ("two", ("t::a",)))
    ]
    data = together(*scripts)
    made = outcomes(data["steps"], pd.Series(["two", "nobody", "one"]), frames.empty(frames.FINDINGS))
    assert made["outcome"].tolist() == ["failure", "unknown", "success"]
    assert made["evidence"].iloc[1] == []
    assert set(made["outcome"]) <= set(OUTCOMES)
