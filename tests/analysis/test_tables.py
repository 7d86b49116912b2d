"""Tables and numbers for reading."""

import pandas as pd
import pytest

from agentobs.analysis import tables
from agentobs.errors import FrameError
from tests.analysis.samples import CANARY, sessions


@pytest.mark.parametrize(
    ("write", "value", "words"),
    [
        (tables.count, 1234567, "1,234,567"),
        (tables.count, pd.NA, "–"),
        (tables.dollars, 1234.5, "$1,234.50"),
        (tables.dollars, 0.00123, "$0.0012"),
        (tables.dollars, 0.0, "$0.00"),
        (tables.dollars, pd.NA, "unknown price"),
        (tables.share, 0.12345, "12.3 %"),
        (tables.short, 999, "999"),
        (tables.short, 250_000_000_000, "250B"),
        (tables.short, 12_345, "12.3k"),
        (tables.short, 6_783_700, "6.78M"),
        (tables.short, 999_999, "1.00M"),
        (tables.length, 0.25, "250 ms"),
        (tables.length, 12.34, "12.3 s"),
        (tables.length, 59.99, "1 min 00 s"),
        (tables.length, 12_000, "3 h 20 min"),
        (tables.length, float("nan"), "–"),
    ],
)
def test_numbers_are_written_for_people(write, value, words):
    assert write(value) == words


def test_a_table_escapes_what_others_wrote():
    page = tables.table(sessions({"title": CANARY, "cost_usd": None}), ["title", "cost_usd"])._repr_html_()
    assert "<img" not in page
    assert "<script" not in page
    assert "&lt;img" in page
    assert "unknown price" in page


def test_a_time_is_written_in_the_zone_asked_for():
    moment = pd.Timestamp("2026-03-01T23:30Z")
    shown = tables.table(sessions({"started_at": moment}, {}), ["started_at"], tz="Europe/Berlin")
    assert shown.rows == [("2026-03-02 00:30",), ("–",)]


def test_a_long_table_says_how_long_it_is():
    assert tables.table(sessions({}, {}, {}), ["agent"], most=2).note == "the first 2 of 3"
    assert tables.table(sessions(), ["agent"]).note == "none"


def test_a_missing_column_is_named():
    with pytest.raises(FrameError, match="lacks 'nope'"):
        tables.table(sessions(), ["nope"])
