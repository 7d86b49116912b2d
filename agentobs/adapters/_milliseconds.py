"""Times that a source gives as milliseconds since 1970."""

from agentobs.events import SENTINEL, Stamp, stamp

_MOST = 1e14  # beyond the calendar; more would not fit 64 bits in microseconds


def moment(value: object) -> Stamp | None:
    """Return the time of a number of milliseconds, clamped into our range; None when it is no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return stamp(round(value * 1000)) if -_MOST < value < _MOST else Stamp(SENTINEL, "clamped")


def elapsed_ms(start: object, end: object) -> float | None:
    """Return the milliseconds from one time to another; None where one is missing or they are turned round."""
    first, last = moment(start), moment(end)
    if first is None or last is None or "clamped" in (first.quality, last.quality) or last.ts < first.ts:
        return None
    return (last.ts - first.ts) / 1000
