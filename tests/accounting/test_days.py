"""Days are cut where the user lives: at its midnight, on days of 23 and 25 hours, in zones of odd quarters."""

import pytest

from tests.accounting.conftest import Reader
from tests.accounting.records import Record, answer, usage
from tests.accounting.said import by_day, rows, usd


def calls_at(*times: str) -> dict[str, list[Record]]:
    """One call at each time."""
    return {
        "a": [
            answer(usage(10, 2**n), message=f"m{n}", request=f"r{n}", uuid=str(n), at=f"{at}Z")
            for n, at in enumerate(times)
        ]
    }


def test_a_day_ends_at_local_midnight(read: Reader) -> None:
    bench = read(calls_at("2026-01-14T22:59:59.999", "2026-01-14T23:00:00.000"))
    assert by_day(bench, "Europe/Zurich") == {"2026-01-14": 1, "2026-01-15": 1}
    assert by_day(bench, "UTC") == {"2026-01-14": 2}
    assert by_day(bench, "America/Los_Angeles") == {"2026-01-14": 2}


def test_the_day_on_which_summer_time_begins_has_23_hours(read: Reader) -> None:
    bench = read(
        calls_at("2026-03-28T22:59:59.999", "2026-03-28T23:00:00", "2026-03-29T21:59:59.999", "2026-03-29T22:00:00")
    )
    assert by_day(bench, "Europe/Zurich") == {"2026-03-28": 1, "2026-03-29": 2, "2026-03-30": 1}
    assert by_day(bench, "UTC") == {"2026-03-28": 2, "2026-03-29": 2}


def test_the_day_on_which_summer_time_ends_has_25_hours(read: Reader) -> None:
    bench = read(
        calls_at("2026-10-24T21:59:59.999", "2026-10-24T22:00:00", "2026-10-25T22:59:59.999", "2026-10-25T23:00:00")
    )
    assert by_day(bench, "Europe/Zurich") == {"2026-10-24": 1, "2026-10-25": 2, "2026-10-26": 1}
    assert by_day(bench, "UTC") == {"2026-10-24": 2, "2026-10-25": 2}


def test_both_of_the_hours_that_summer_time_s_end_repeats_count(read: Reader) -> None:
    bench = read(calls_at("2026-10-25T00:30:00", "2026-10-25T01:30:00"))  # both 02:30 in Zurich
    assert by_day(bench, "Europe/Zurich") == {"2026-10-25": 2}
    assert bench.usage("hour")["model_calls"].tolist() == [1, 1]


def test_a_zone_of_odd_quarters(read: Reader) -> None:
    bench = read(calls_at("2026-03-09T18:14:59.999", "2026-03-09T18:15:00.000"))
    assert by_day(bench, "Asia/Kathmandu") == {"2026-03-09": 1, "2026-03-10": 1}


@pytest.mark.parametrize(
    ("zone", "last"),
    [
        ("America/St_Johns", "2026-03-10T02:29:59.999"),  # -02:30 in summer time
        ("Pacific/Chatham", "2026-03-09T10:14:59.999"),  # +13:45
        ("Australia/Adelaide", "2026-03-09T13:29:59.999"),  # +10:30
        ("Pacific/Kiritimati", "2026-03-09T09:59:59.999"),  # +14
        ("Pacific/Marquesas", "2026-03-10T09:29:59.999"),  # -09:30
    ],
)
def test_far_zones(read: Reader, zone: str, last: str) -> None:
    day, clock = last.split("T")
    after = (
        f"{day}T{clock[:3]}{int(clock[3:5]) + 1:02d}:00"
        if clock[3:5] != "59"
        else f"{day}T{int(clock[:2]) + 1:02d}:00:00"
    )
    bench = read(calls_at(last, after))
    assert by_day(bench, zone) == {"2026-03-09": 1, "2026-03-10": 1}


def test_tokens_and_cost_of_a_day_are_those_of_its_calls(read: Reader) -> None:
    bench = read(
        calls_at("2026-03-28T22:59:59.999", "2026-03-28T23:00:00", "2026-03-29T21:59:59.999", "2026-03-29T22:00:00")
    )
    assert rows(bench.usage("day", tz="Europe/Zurich"), "day", "output_tokens", "cost_usd") == [
        ("2026-03-28", 1, usd(10 * 3.00 + 1 * 15.00)),
        ("2026-03-29", 6, usd(20 * 3.00 + 6 * 15.00)),
        ("2026-03-30", 8, usd(10 * 3.00 + 8 * 15.00)),
    ]


def test_a_range_of_a_local_day_has_that_day_s_calls_only(read: Reader) -> None:
    read(calls_at("2026-03-28T22:59:59.999", "2026-03-28T23:00:00", "2026-03-29T21:59:59.999", "2026-03-29T22:00:00"))
    for bench in (read.look(),):
        day = {"since": "2026-03-29T00:00+01:00", "until": "2026-03-30T00:00+02:00"}
        assert bench.model_calls(**day)["output_tokens"].tolist() == [2, 4]
        assert bench.usage("day", tz="Europe/Zurich", **day)["output_tokens"].tolist() == [6]


def test_a_response_whose_lines_straddle_midnight_is_of_its_first_line_s_day(read: Reader) -> None:
    lines = [
        answer(usage(10, n), uuid=str(n), at=at)
        for n, at in ((1, "2026-03-28T22:59:59.500Z"), (900, "2026-03-28T23:00:03.000Z"))
    ]
    bench = read({"a": lines})
    found = rows(bench.usage("day", tz="Europe/Zurich"), "day", "model_calls", "output_tokens")
    assert found == [("2026-03-28", 1, 900)]


def test_a_time_with_an_offset_is_the_instant_that_it_says(read: Reader) -> None:
    bench = read({"a": [answer(usage(10, 20), at="2026-03-10T00:30:00.000+01:00")]})
    assert by_day(bench, "UTC") == {"2026-03-09": 1}
    assert by_day(bench, "Europe/Zurich") == {"2026-03-10": 1}
