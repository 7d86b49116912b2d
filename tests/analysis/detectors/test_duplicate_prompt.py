"""duplicate_prompt: the same words again."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.duplicate_prompt import DETECTOR
from tests.analysis.detectors.scripts import Script, together

TASK = "Make the cart total include the tax of every country"


@pytest.mark.parametrize(
    ("again", "found"),
    [
        (TASK, 1),
        (TASK.upper() + "!", 1),
        (TASK + " please", 1),
        ("Make the cart total include the shipping of every parcel", 0),
        ("Now write the docs for the whole cart module", 0),
    ],
)
def test_a_prompt_with_nearly_the_same_words_is_a_duplicate(again, found):
    script = Script().prompt(TASK).edit("a.py").prompt("and the docs").prompt(again)
    assert len(run(DETECTOR, script.frames())) == found


def test_short_prompts_may_repeat():
    assert run(DETECTOR, Script().prompt("yes, go on").say("x").prompt("yes, go on").frames()).empty


def test_evidence_is_both_prompts_and_a_third_time_is_worse():
    found = run(DETECTOR, Script().prompt(TASK).say("a").prompt(TASK).say("b").prompt(TASK).frames())
    assert found["severity"].tolist() == ["low", "medium"]
    assert [len(ids) for ids in found["event_ids"]] == [2, 2]


def test_the_same_prompt_in_another_session_is_no_duplicate():
    assert run(DETECTOR, together(Script("s1").prompt(TASK), Script("s2").prompt(TASK))).empty


def test_a_prompt_recorded_twice_was_said_once():
    data = Script().prompt(TASK).prompt(TASK).frames()
    data["steps"]["started_at"] = data["steps"]["started_at"].iloc[0]
    assert run(DETECTOR, data).empty


def test_the_similarity_is_a_parameter():
    script = Script().prompt(TASK).prompt(TASK + " in Europe and in Asia")
    assert run(DETECTOR, script.frames()).empty
    assert len(run(DETECTOR, script.frames(), similarity=0.6)) == 1
