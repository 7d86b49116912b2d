"""Event times: microseconds since 1970 in UTC, a pure function of the input, with how far each can be trusted."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

QUALITIES = ("exact", "naive", "inherited", "clamped", "none")
"""exact: the record says it; naive: it says a local time, read in the source's zone; inherited: the previous record's;
clamped: outside [2015, 2035), the original stays in the raw record; none: the source knows no times at all."""

EARLIEST = 1_420_070_400_000_000  # 2015-01-01T00:00:00Z
LATEST = 2_051_222_400_000_000  # 2035-01-01T00:00:00Z, not included
SENTINEL = 2_051_136_000_000_000  # 2034-12-31T00:00:00Z: where clamped times go; retention treats it as newest
KNOWN = (EARLIEST + 86_400_000_000, SENTINEL)
"""[from, to): times of quality none lie in the day before, to keep their order, and clamped ones behind."""


class Stamp(NamedTuple):
    """A time in microseconds since 1970 UTC, and its quality."""

    ts: int
    quality: str


@lru_cache(maxsize=4096)
def parse_timestamp(text: str, zone: str = "UTC") -> Stamp | None:
    """Return the time that an ISO 8601 text says, clamped into our range; None when it says none.

    A leap second (`:60`) counts as the first instant of the next minute; digits beyond microseconds are cut.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _leap_second(text, zone)
    quality = "exact"
    if moment.tzinfo is None:
        moment, quality = moment.replace(tzinfo=ZoneInfo(zone)), "naive"
    try:
        return stamp(_micros(moment), quality)
    except OverflowError:  # year 1 or 9999 with an offset that leads out of the calendar
        return Stamp(SENTINEL, "clamped")


def stamp(ts: int, quality: str = "exact") -> Stamp:
    """Return the time as it is, or the sentinel with quality `clamped` when it is outside [2015, 2035)."""
    return Stamp(ts, quality) if EARLIEST <= ts < LATEST else Stamp(SENTINEL, "clamped")


def _micros(moment: datetime) -> int:
    moment = moment.astimezone(UTC)
    whole = moment.replace(microsecond=0)
    return int(whole.timestamp()) * 1_000_000 + moment.microsecond


def _leap_second(text: str, zone: str) -> Stamp | None:
    head, colon, tail = text.partition(":60")
    if not colon:
        return None
    before = parse_timestamp(f"{head}:59{tail.lstrip('.0123456789')}", zone)
    return before and stamp(before.ts + 1_000_000, before.quality)
