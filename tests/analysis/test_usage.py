"""Usage: what is summed, what stays unknown, and where a day ends."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from agentobs.analysis.usage import cache_share, unpriced_models, usage_by
from agentobs.errors import FrameError, SettingsError
from agentobs.frames import MODEL_CALLS, USAGE, empty
from tests.analysis.samples import model_calls

OPUS = {"model": "opus", "input_tokens": 10, "output_tokens": 5, "cache_read_tokens": 85, "cost_usd": 2.0}
ACME = {"model": "acme", "input_tokens": 3, "output_tokens": 4}


def test_a_sum_of_priced_and_unpriced_calls_is_the_priced_part_beside_the_count_of_the_others():
    total = usage_by(model_calls(OPUS, OPUS, ACME)).iloc[0]
    assert (total["model_calls"], total["cost_usd"], total["unpriced_calls"]) == (3, 4.0, 1)
    assert total["total_tokens"] == 207


def test_a_model_without_a_price_has_no_cost_and_never_zero():
    usage = usage_by(model_calls(OPUS, ACME), by=["model"]).set_index("model")
    assert pd.isna(usage.loc["acme", "cost_usd"])
    assert usage.loc["opus", "cost_usd"] == 2.0


def test_a_lane_is_unknown_only_where_no_call_said_anything():
    usage = usage_by(model_calls(OPUS, ACME))
    assert usage.loc[0, "cache_read_tokens"] == 85
    assert pd.isna(usage.loc[0, "cache_write_5m_tokens"])
    assert pd.isna(usage.loc[0, "web_search_requests"])


def test_calls_of_which_nobody_knows_the_model_are_a_group_of_their_own():
    usage = usage_by(model_calls(OPUS, {"output_tokens": 1}), by=["model"])
    assert usage["model_calls"].tolist() == [1, 1]
    assert usage["model"].isna().tolist() == [False, True]


@pytest.mark.parametrize("by", [[], ["day"], ["hour", "model"], ["project", "agent", "session"]])
def test_the_frame_has_its_declared_columns_and_types_also_without_a_call(by):
    for calls in (empty(MODEL_CALLS), model_calls(OPUS | {"started_at": datetime(2026, 3, 1, tzinfo=UTC)})):
        usage = usage_by(calls, by=by)
        assert usage.columns.tolist() == [*by, *USAGE.names]
        assert usage[USAGE.names].dtypes.astype("str").to_dict() == USAGE.dtypes
    assert usage_by(empty(MODEL_CALLS))["model_calls"].tolist() == [0]


def at(*moments: str) -> pd.DataFrame:
    return model_calls(*[OPUS | {"started_at": pd.Timestamp(moment)} for moment in moments])


@pytest.mark.parametrize(
    ("tz", "days"),
    [
        ("UTC", ["2026-03-28", "2026-03-29", "2026-03-29"]),
        ("Europe/Berlin", ["2026-03-29", "2026-03-29", "2026-03-30"]),  # the day of 23 hours
        ("America/Los_Angeles", ["2026-03-28", "2026-03-29", "2026-03-29"]),
    ],
)
def test_a_day_is_cut_in_the_zone_asked_for(tz, days):
    usage = usage_by(at("2026-03-28T23:30Z", "2026-03-29T21:30Z", "2026-03-29T22:30Z"), by=["day"], tz=tz)
    assert usage["day"].repeat(usage["model_calls"]).tolist() == days


def test_the_two_hours_of_an_autumn_night_stay_apart():
    usage = usage_by(at("2026-10-25T00:10Z", "2026-10-25T00:50Z", "2026-10-25T01:10Z"), by=["hour"], tz="Europe/Berlin")
    assert usage["model_calls"].tolist() == [2, 1]
    assert [f"{hour:%H:%M %z}" for hour in usage["hour"]] == ["00:00 +0000", "01:00 +0000"]


def test_an_hour_begins_on_the_hour_of_a_zone_with_half_an_hour():
    usage = usage_by(at("2026-01-01T00:29Z", "2026-01-01T00:31Z"), by=["hour"], tz="Asia/Kolkata")
    assert [f"{hour:%H:%M}" for hour in usage["hour"]] == ["23:30", "00:30"]


def test_a_call_without_a_time_has_no_day_but_counts():
    usage = usage_by(model_calls(OPUS, OPUS | {"started_at": datetime(2026, 3, 1, tzinfo=UTC)}), by=["day"])
    assert usage["day"].isna().tolist() == [False, True]
    assert usage["cost_usd"].tolist() == [2.0, 2.0]


def test_a_wrong_zone_and_a_wrong_group_are_named():
    with pytest.raises(SettingsError, match="time zone 'Berlin' is unknown"):
        usage_by(at("2026-01-01T00:00Z"), by=["day"], tz="Berlin")
    with pytest.raises(FrameError, match="cannot be grouped by 'week'"):
        usage_by(at("2026-01-01T00:00Z"), by=["week"])


def test_the_cache_share_is_of_the_tokens_sent_and_unknown_where_nothing_was_sent():
    shares = cache_share(usage_by(model_calls(OPUS, {"model": "none", "output_tokens": 7}), by=["model"])).set_index(
        "model"
    )
    assert shares.loc["opus"].tolist() == [95, 85, pytest.approx(85 / 95)]
    assert pd.isna(shares.loc["none", "cache_share"])


def test_unpriced_models_are_listed_with_the_tokens_of_their_unpriced_calls_only():
    later = {"started_at": datetime(2026, 3, 2, tzinfo=UTC)}
    calls = model_calls(
        OPUS, ACME | later, ACME | {"started_at": datetime(2026, 3, 1, tzinfo=UTC)}, ACME | {"cost_usd": 1.0}
    )
    (row,) = unpriced_models(calls).to_dict("records")
    assert (row["model"], row["unpriced_calls"], row["total_tokens"]) == ("acme", 2, 14)
    assert (row["first_at"].day, row["last_at"].day) == (1, 2)
    assert unpriced_models(model_calls(OPUS)).empty
