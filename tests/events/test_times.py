"""Times of events: a pure function of what the record says, inside our range or marked as not."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentobs.events import EARLIEST, LATEST, SENTINEL, Stamp, parse_timestamp, stamp

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(2015, 1, 2), datetime(2034, 12, 30), timezones=zones))  # noqa: DTZ001 bounds have no zone
def test_what_a_record_says_is_kept_to_the_microsecond(moment):
    assert parse_timestamp(moment.isoformat()) == Stamp((moment - EPOCH) // timedelta(microseconds=1), "exact")


@given(st.text())
def test_no_text_raises(text):
    found = parse_timestamp(text)
    assert found is None or EARLIEST <= found.ts < LATEST


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-03-09T10:00:00Z", "UTC", Stamp(1_773_050_400_000_000, "exact")),
        ("2026-03-09T10:00:00+01:00", "UTC", Stamp(1_773_046_800_000_000, "exact")),
        ("2026-03-09T10:00:00.123456789Z", "UTC", Stamp(1_773_050_400_123_456, "exact")),
        ("2026-03-09T10:00:00", "UTC", Stamp(1_773_050_400_000_000, "naive")),
        ("2026-03-09T10:00:00", "Europe/Zurich", Stamp(1_773_046_800_000_000, "naive")),
        ("2016-12-31T23:59:60Z", "UTC", Stamp(1_483_228_800_000_000, "exact")),
        ("1999-01-01T00:00:00Z", "UTC", Stamp(SENTINEL, "clamped")),
        ("9999-12-31T23:59:59-12:00", "UTC", Stamp(SENTINEL, "clamped")),
        ("0001-01-01T00:00:00+12:00", "UTC", Stamp(SENTINEL, "clamped")),
        ("yesterday", "UTC", None),
        ("", "UTC", None),
    ],
)
def test_texts_of_every_kind(text, zone, expected):
    assert parse_timestamp(text, zone) == expected


@pytest.mark.parametrize(
    ("ts", "expected"),
    [
        (EARLIEST, Stamp(EARLIEST, "exact")),
        (LATEST - 1, Stamp(LATEST - 1, "exact")),
        (EARLIEST - 1, Stamp(SENTINEL, "clamped")),
        (LATEST, Stamp(SENTINEL, "clamped")),
        (0, Stamp(SENTINEL, "clamped")),
    ],
)
def test_the_range_begins_in_2015_and_ends_before_2035(ts, expected):
    assert stamp(ts) == expected


def test_the_sentinel_lies_inside_the_range():
    assert EARLIEST < SENTINEL < LATEST
