"""Efficiency: what results took, and what was in vain."""

import pandas as pd
import pytest

from agentobs import frames
from agentobs.analysis.efficiency import efficiency
from tests.analysis.detectors.scripts import Script

NOTHING = frames.empty(frames.FINDINGS)


def of(script: Script, findings: pd.DataFrame = NOTHING, *, verified: int = 2, active: float | None = 60.0, **about):
    data = script.frames()
    calls = data["model_calls"]
    known = {"cost_usd": calls["cost_usd"].sum(), "unpriced_calls": 0, "commits": 1, "total_tokens": 110 * len(calls)}
    sessions = data["sessions"].assign(**(known | about))
    numbers = [pd.Series([verified], dtype="Int64"), pd.Series([active], dtype="Float64")]
    return efficiency(sessions, data["steps"], calls, findings, *numbers).iloc[0]


def vain(script: Script, *rows: int) -> pd.DataFrame:
    found = frames.empty(frames.FINDINGS)
    found.loc[0, ["session_id", "detector"]] = ["s1", "tool_repetition"]
    found.at[0, "wasted_event_ids"] = script.frames()["steps"]["event_id"].iloc[list(rows)].tolist()
    return found


def work() -> Script:
    return Script().read("a.py").read("a.py").edit("a.py").bash("git commit", kind="commit_created")


def test_cost_tokens_and_time_per_result():
    made = of(work())
    assert made["cost_per_verified_edit_usd"] == pytest.approx(0.02)
    assert made["tokens_per_verified_edit"] == 220
    assert made["s_per_verified_edit"] == 30
    assert [made["cost_per_commit_usd"], made["s_per_commit"]] == [pytest.approx(0.04), 60]
    assert made["read_edit_ratio"] == 2


def test_per_nothing_is_unknown():
    made = of(work(), verified=0, commits=0)
    names = [name for name in made.index if "per_" in name]
    assert len(names) == 6
    assert made[names].isna().all()


def test_a_part_of_the_cost_does_not_pass_for_the_whole():
    made = of(work(), unpriced_calls=1)
    assert made[["cost_per_commit_usd", "wasted_cost_usd", "wasted_cost_share"]].isna().all()
    assert made["tokens_per_commit"] == 440


def test_what_findings_name_is_wasted_once():
    script = work()
    made = of(script, pd.concat([vain(script, 1), vain(script, 1)], ignore_index=True))
    assert made["wasted_cost_usd"] == pytest.approx(0.01)
    assert made["wasted_cost_share"] == pytest.approx(0.25)
    assert [made["wasted_tokens"], made["wasted_calls_share"]] == [110, 0.25]


def test_nothing_named_is_nothing_wasted():
    made = of(work())
    assert [made["wasted_cost_usd"], made["wasted_tokens"], made["wasted_calls_share"]] == [0, 0, 0]


def test_the_cache_share_is_of_what_was_sent():
    made = of(Script().say("x", cache_read_tokens=300))
    assert made["cache_share"] == 0.75
    assert pd.isna(of(Script().say("x", cache_read_tokens=None))["cache_share"])
