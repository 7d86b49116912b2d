"""The cost of a frame is the cost of its rows."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from agentobs.events.model import Usage
from agentobs.pricing import cost_pico_usd, usd
from agentobs.pricing.frame import price

TOKENS = st.none() | st.sampled_from([0, 1, 99_999, 100_001, 200_000, 200_001, 10**12, -1])
CALLS = st.tuples(
    st.sampled_from(["claude-opus-4-6", "claude-sonnet-4-20250514", "gpt-5", "deepseek-chat", "claude-fable-9", None]),
    st.sampled_from([None, "anthropic", "aws"]),
    st.sampled_from(["2025-03-01T20:00:00Z", "2026-03-12T12:00:00Z", "2026-11-01T00:00:00Z"]),
    st.builds(
        Usage,
        TOKENS,
        TOKENS,
        TOKENS,
        TOKENS,
        TOKENS,
        web_search_requests=st.sampled_from([None, 0, 2]),
        service_tier=st.sampled_from([None, "standard", "batch"]),
        speed=st.sampled_from([None, "fast"]),
        inference_geo=st.sampled_from([None, "us"]),
    ),
)


def _frame(calls):
    rows = [
        {"model": model, "provider": provider, "started_at": pd.Timestamp(time)}
        | {field: getattr(usage, field) for field in Usage.__struct_fields__}
        for model, provider, time, usage in calls
    ]
    counts = dict.fromkeys(Usage.__struct_fields__[:7], "Int64")
    return pd.DataFrame(rows, index=range(10, 10 + len(rows))).astype(counts)


@given(st.lists(CALLS, min_size=1, max_size=30))
def test_every_row_costs_what_the_call_costs(calls):
    costs = price(_frame(calls))
    expected = [usd(cost_pico_usd(model, pd.Timestamp(time), usage, maker)) for model, maker, time, usage in calls]
    assert [None if pd.isna(cost) else cost for cost in costs] == expected


def test_unknown_is_na_and_never_zero():
    frame = pd.DataFrame(
        {
            "model": ["claude-opus-4-6", "claude-fable-9", "claude-opus-4-6", "claude-opus-4-6"],
            "started_at": pd.to_datetime(["2026-06-01", "2026-06-01", None, "2026-06-01"], utc=True),
            "input_tokens": pd.array([1_000_000, 1_000_000, 1_000_000, None], dtype="Int64"),
        },
        index=["a", "b", "c", "d"],
    )
    costs = price(frame)
    assert costs.dtype == "Float64"
    assert costs.index.tolist() == ["a", "b", "c", "d"]
    assert costs["a"] == 5.0
    assert costs.isna().tolist() == [False, True, True, True]


def test_a_frame_without_calls_has_no_costs():
    assert price(pd.DataFrame({"model": [], "started_at": pd.to_datetime([], utc=True)})).empty
