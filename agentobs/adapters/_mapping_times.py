"""Times of a mapped record: ISO 8601, a number of seconds and smaller units since 1970, or any format of strptime."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agentobs.adapters._mapping_values import number_of
from agentobs.errors import PluginError
from agentobs.events import SENTINEL, Stamp, parse_timestamp, stamp

_UNITS = {"s": 1_000_000, "ms": 1000, "us": 1, "ns": 0.001}
Clock = Callable[[Any], Stamp | None]


def clock(format_: Any, zone: Any, where: str) -> Clock:
    """Return what reads a time; raise PluginError when the format or the zone is none."""
    if zone is not None:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, TypeError) as error:
            raise PluginError(f"{where}.zone {zone!r} is unknown; write one like 'Europe/Zurich'") from error
    own = zone or "UTC"
    if format_ in (None, "iso"):
        return lambda value: parse_timestamp(value, own) if isinstance(value, str) and value else None
    if format_ in _UNITS:
        return _number(_UNITS[format_])
    if not isinstance(format_, str) or "%" not in format_:
        raise PluginError(f"{where}.format is {format_!r}; write iso, s, ms, us, ns, or a strptime format with %")
    return _pattern(format_, own)


def _number(factor: float) -> Clock:
    def read(value: Any) -> Stamp | None:
        number = number_of(value)
        if number is None:
            return None
        return stamp(number * factor if isinstance(factor, int) and isinstance(number, int) else round(number * factor))

    return read


def _pattern(pattern: str, zone: str) -> Clock:
    def read(value: Any) -> Stamp | None:
        if not isinstance(value, str):
            return None
        try:  # the zone follows where the text has none
            moment = datetime.strptime(value, pattern)  # noqa: DTZ007
        except ValueError:
            return None
        quality = "exact" if moment.tzinfo else "naive"
        try:
            utc = (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
        except OverflowError:
            return Stamp(SENTINEL, "clamped")
        return stamp(int(utc.replace(microsecond=0).timestamp()) * 1_000_000 + utc.microsecond, quality)

    return read
