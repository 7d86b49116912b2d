"""idle_gap: for whom a session waited."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.idle_gap import DETECTOR
from tests.analysis.detectors.scripts import Script


def told(script: Script) -> list[tuple[str, str]]:
    found = run(DETECTOR, script.frames())
    return [(row.severity, row.explanation.split("waiting for the ")[1]) for row in found.itertuples()]


def test_a_prompt_after_a_gap_means_the_human():
    assert told(Script().prompt("x").say("Done.").wait(700).prompt("Next.")) == [("info", "human")]


def test_a_gap_inside_a_call_is_the_tools():
    assert told(Script().prompt("x").bash("make", seconds=900)) == [("medium", "tool amid Bash")]


def test_a_question_to_the_human_is_the_humans():
    assert told(Script().prompt("x").call("AskUserQuestion", {}, "yes", seconds=900)) == [
        ("info", "human amid AskUserQuestion")
    ]


def test_a_gap_before_an_answer_is_the_models():
    assert told(Script().prompt("x").wait(700).say("Done.")) == [("medium", "model")]


def test_an_hour_is_high_but_for_the_human():
    assert told(Script().prompt("x").wait(4000).say("Done.").wait(4000).prompt("Next.")) == [
        ("high", "model"),
        ("info", "human"),
    ]


@pytest.mark.parametrize(("seconds", "count"), [(500, 0), (600, 1)])
def test_ten_minutes_are_the_limit(seconds, count):
    assert len(told(Script().prompt("x").wait(seconds).say("Done."))) == count  # a step is ten seconds later


def test_a_subagent_at_work_leaves_no_gap():
    script = Script().prompt("x").wait(400)
    assert told(script.call("Read", {"file_path": "a.py"}, thread="t1").wait(400).say("Done.")) == []


def test_times_that_are_not_the_records_own_say_nothing():
    data = Script().prompt("x").wait(4000).say("Done.").frames()
    data["events"]["ts_quality"] = "none"
    assert run(DETECTOR, data).empty
