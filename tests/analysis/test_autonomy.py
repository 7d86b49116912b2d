"""Autonomy: turns of agents and how far they go."""

import pandas as pd
import pytest

from agentobs import frames
from agentobs.analysis.autonomy import autonomy, turn_durations, turns
from tests.analysis.detectors.scripts import Script

UNKNOWN = pd.Series([pd.NA], dtype="Int64")


def talk() -> Script:
    return Script().prompt("a").bash("ls", seconds=5).say("x").wait(60).prompt("b").say("y").prompt("c")


def test_a_turn_goes_from_a_prompt_to_the_last_thing_done_before_the_next():
    made = turns(talk().frames()["steps"])
    assert made["calls"].tolist() == [1, 0, 0]
    assert made["duration_s"].tolist() == [25, 10, pd.NA]
    assert made["turn"].tolist() == [0, 1, 2]


def test_what_comes_before_the_first_prompt_is_no_turn():
    assert turns(Script().say("x").bash("ls").frames()["steps"]).empty


def test_of_a_session():
    data = talk().frames()
    made = autonomy(data["steps"], data["sessions"]["session_id"], UNKNOWN).iloc[0]
    assert made["turn_median_s"] == 17.5
    assert made["turn_p999_s"] == pytest.approx(25, abs=0.1)
    assert made["calls_per_prompt"] == pytest.approx(1 / 3)
    assert pd.isna(made["auto_approved_share"])


@pytest.mark.parametrize(("asked", "share"), [(0, 1.0), (1, 0.75), (9, 0.0)])
def test_the_share_of_calls_for_which_nobody_was_asked(asked, share):
    data = Script().prompt("a").bash("a").bash("b").bash("c").bash("d").frames()
    made = autonomy(data["steps"], data["sessions"]["session_id"], pd.Series([asked], dtype="Int64"))
    assert made["auto_approved_share"].tolist() == [share]


def test_without_prompts_there_are_no_calls_per_prompt():
    made = autonomy(frames.empty(frames.STEPS), pd.Series(["s1"]), UNKNOWN).iloc[0]
    assert made[["turn_median_s", "calls_per_prompt", "auto_approved_share"]].isna().all()


def test_the_distribution_over_sessions_counts_turns_whose_time_is_known():
    made = turn_durations(turns(talk().frames()["steps"]))
    assert made["turns"].tolist() == [2] * 4
    assert made["seconds"].is_monotonic_increasing
    assert turn_durations(turns(frames.empty(frames.STEPS)))["seconds"].isna().all()
