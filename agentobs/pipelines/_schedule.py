"""Times of a run: cron's five fields, checked, and the same times in the words of a systemd timer."""

import re

import msgspec

_RANGES = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 7)}
_TERM = re.compile(r"(?:(?P<every>\*)|(?P<first>\d{1,2})(?:-(?P<last>\d{1,2}))?)(?:/(?P<step>\d{1,2}))?", re.ASCII)
_WEEKDAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")


class Schedule(msgspec.Struct, frozen=True):
    """The values of each field, sorted; None where every value fits."""

    minute: tuple[int, ...] | None
    hour: tuple[int, ...] | None
    day: tuple[int, ...] | None
    month: tuple[int, ...] | None
    weekday: tuple[int, ...] | None
    either_day: bool  # cron takes days that fit one of two, where both are named

    @classmethod
    def parse(cls, text: str) -> "Schedule":
        """Return what `minute hour day month weekday` say; raise ValueError for what cron would not take."""
        words = text.split()
        if len(words) != len(_RANGES):
            raise ValueError(f"it has {len(words)} fields, not minute hour day month weekday")
        values = [_values(name, word) for name, word in zip(_RANGES, words, strict=True)]
        named = not words[2].startswith("*") and not words[4].startswith("*")
        return cls(*values, either_day=named)

    def calendars(self) -> list[str]:
        """Return the same times as OnCalendar values of systemd; the timer fires at each of them."""
        time = f"{_join(self.hour)}:{_join(self.minute)}:00"
        days = f"*-{_join(self.month)}-{_join(self.day)}"
        if self.weekday is None:
            return [f"{days} {time}"]
        names = ",".join(_WEEKDAYS[number] for number in self.weekday)
        if self.either_day:
            return [f"{days} {time}", f"{names} *-{_join(self.month)}-* {time}"]
        return [f"{names} {days} {time}"]


def _values(name: str, word: str) -> tuple[int, ...] | None:
    low, high = _RANGES[name]
    found: set[int] = set()
    for term in word.split(","):
        match = _TERM.fullmatch(term)
        if match is None:
            raise ValueError(f"{name} {term!r} is not *, n, n-m, */k or n-m/k")
        alone = match["every"] is None and match["last"] is None
        if match["step"] is not None and (alone or int(match["step"]) == 0):
            raise ValueError(f"{name} {term!r} has a step that steps over nothing")
        first = low if match["every"] else int(match["first"])
        last = high if match["every"] else int(match["last"] or first)
        if not low <= first <= last <= high:
            raise ValueError(f"{name} {term!r} is not within {low} to {high}")
        found.update(range(first, last + 1, int(match["step"] or 1)))
    if name == "weekday":
        found, high = {number % 7 for number in found}, 6  # 7 is Sunday too
    return None if len(found) == high - low + 1 else tuple(sorted(found))


def _join(values: tuple[int, ...] | None) -> str:
    return "*" if values is None else ",".join(f"{value:02}" for value in values)
