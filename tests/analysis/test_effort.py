"""Effort: what a session took of a person."""

import pandas as pd
import pytest

from agentobs import frames
from agentobs.analysis.effort import effort
from tests.analysis.detectors.scripts import Script

NOTHING = frames.empty(frames.FINDINGS)


def of(script: Script, findings: pd.DataFrame = NOTHING, **settings) -> pd.Series:
    data = script.frames()
    return effort(data["steps"], data["sessions"]["session_id"], findings, **settings).iloc[0]


def test_the_silence_before_a_prompt_is_the_humans_and_any_other_the_agents():
    made = of(Script().prompt("a").bash("ls", seconds=5).say("x").wait(40).prompt("b").say("y"))
    # 10 s to the call, 5 s of it, 10 s to the answer; 50 s to the prompt; 10 s to the answer
    assert made["agent_active_s"] == pytest.approx(35)
    assert made["human_active_s"] == pytest.approx(50)
    assert made["hei"] == pytest.approx(50 / 85)
    assert made["prompts"] == 2


def test_what_the_client_notes_before_the_first_prompt_makes_no_turn():
    steps = Script().say("x").prompt("a").say("y").frames()["steps"].assign(kind=["note", "prompt", "answer"])
    assert effort(steps, pd.Series(["s1"]), NOTHING)["human_active_s"].isna().all()


def test_nobody_was_there_for_a_night():
    made = of(Script().prompt("a").say("x").wait(40_000).prompt("b").say("y"), most_gap_s=600)
    assert made["human_active_s"] == 600


def test_with_one_prompt_nobody_knows_how_long_the_human_was_there():
    made = of(Script().prompt("a").say("x"))
    assert pd.isna(made["human_active_s"])
    assert pd.isna(made["hei"])
    assert made["agent_active_s"] == 10


def test_what_runs_at_the_same_time_counts_once():
    data = Script().prompt("a").bash("ls", seconds=30).say("x").frames()
    call = data["steps"].query("kind == 'call'")
    twice = pd.concat([data["steps"].iloc[:2], call, data["steps"].iloc[2:]], ignore_index=True)
    one, two = (effort(steps, pd.Series(["s1"]), NOTHING).iloc[0] for steps in (data["steps"], twice))
    assert one["agent_active_s"] == two["agent_active_s"] == 50


def test_times_that_are_not_the_records_own_say_nothing():
    steps = Script().prompt("a").say("x").wait(9).prompt("b").frames()["steps"].assign(timed=False)
    made = effort(steps, pd.Series(["s1"]), NOTHING).iloc[0]
    assert made[["human_active_s", "agent_active_s", "hei"]].isna().all()


def test_stops_and_refusals_are_counted():
    made = of(Script().prompt("a").bash("rm x", ok=True).call("Bash", "rm y", status="denied").interrupt())
    assert [made["interrupts"], made["denials"]] == [1, 1]


def test_pushback_is_unknown_unless_somebody_looked():
    found = pd.DataFrame({"detector": ["user_pushback", "edit_churn"], "session_id": ["s1", "s1"]})
    script = Script().prompt("a").say("x").prompt("no")
    assert of(script, found, ran=["user_pushback"])["pushbacks"] == 1
    assert of(script, found, ran=["edit_churn"])["pushbacks"] is pd.NA


def test_approvals_are_unknown_where_the_source_does_not_record_them():
    data = Script().prompt("a").bash("ls").frames()
    ids = data["sessions"]["session_id"]
    assert effort(data["steps"], ids, NOTHING, data["events"])["approvals"].isna().all()
    asked = data["events"].assign(native_type="permission.completed").head(1)
    assert effort(data["steps"], ids, NOTHING, asked)["approvals"].tolist() == [1]
