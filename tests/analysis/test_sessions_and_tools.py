"""Sessions by day, the head of a page, and how tools fail."""

from datetime import UTC, datetime

import pandas as pd

from agentobs.analysis.sessions import headline, sessions_per_day
from agentobs.analysis.tools import tool_summary
from agentobs.analysis.usage import usage_by
from agentobs.frames import MODEL_CALLS, SESSIONS, TOOL_CALLS, empty
from tests.analysis.samples import model_calls, sessions, tool_calls


def test_a_session_counts_on_the_local_day_on_which_it_started():
    late = {"agent": "codex", "started_at": datetime(2026, 3, 1, 23, 30, tzinfo=UTC), "human_turns": 2}
    for tz, day in (("UTC", "2026-03-01"), ("Europe/Berlin", "2026-03-02")):
        (row,) = sessions_per_day(sessions(late, late), tz=tz).to_dict("records")
        assert (row["day"], row["agent"], row["sessions"], row["human_turns"]) == (day, "codex", 2, 4)
        assert pd.isna(row["duration_s"])


def test_no_sessions_give_no_days():
    assert sessions_per_day(empty(SESSIONS)).empty


def test_the_head_of_an_empty_page_says_zero_sessions_and_no_cost():
    row = headline(empty(SESSIONS), usage_by(empty(MODEL_CALLS))).iloc[0]
    assert (row["sessions"], row["model_calls"]) == (0, 0)
    assert pd.isna(row["cost_usd"])
    assert pd.isna(row["cache_share"])


def test_the_head_of_a_page_adds_up_over_groups():
    calls = model_calls({"model": "a", "input_tokens": 1, "cache_read_tokens": 3, "cost_usd": 0.5}, {"model": "b"})
    row = headline(sessions({"tool_errors": 2}), usage_by(calls, by=["model"])).iloc[0]
    assert (row["model_calls"], row["cost_usd"], row["unpriced_calls"]) == (2, 0.5, 1)
    assert (row["cache_share"], row["tool_errors"]) == (0.75, 2)


def test_a_failure_rate_is_of_the_calls_whose_outcome_is_known():
    statuses = ["ok", "error", "denied", "interrupted", None]
    calls = [
        {"tool_name": "Bash", "status": status, "duration_ms": 10.0 * place} for place, status in enumerate(statuses)
    ]
    bash, read = tool_summary(tool_calls(*calls, {"tool_name": "Read"})).to_dict("records")
    assert (bash["calls"], bash["known"], bash["failures"], bash["denied"], bash["failure_rate"]) == (5, 4, 3, 1, 0.75)
    assert bash["median_ms"] == 20.0
    assert (read["calls"], read["known"], read["failures"]) == (1, 0, 0)
    assert pd.isna(read["failure_rate"])
    assert pd.isna(read["median_ms"])
    assert tool_summary(empty(TOOL_CALLS)).empty
