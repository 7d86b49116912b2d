"""Spans and log records of OpenTelemetry as all containers here become them, before anything is made of their names."""

from typing import Any

import msgspec

Attributes = dict[str, Any]


class Origin(msgspec.Struct, gc=False):
    """What a batch says about all of its records: the attributes of the resource, and the scope's name."""

    resource: Attributes
    scope: str | None = None


class Span(msgspec.Struct):
    """A span; times are nanoseconds since 1970, ids are lower-case hexadecimal or whatever the source has."""

    origin: Origin
    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    start: int | None
    end: int | None
    failed: bool | None  # None: the status is unset
    message: str | None
    attributes: Attributes
    events: list[tuple[str, Attributes]]
    digest: int = 0


class Log(msgspec.Struct):
    """A log record; `name` is its event name, from wherever the record says it."""

    origin: Origin
    trace_id: str | None
    span_id: str | None
    name: str | None
    time: int | None
    severity: int | None
    body: Any
    attributes: Attributes
    digest: int = 0


class Point(msgspec.Struct):
    """A data point of a metric; times are nanoseconds since 1970."""

    origin: Origin
    attributes: Attributes
    start: int | None
    time: int | None
    value: float | None
    is_delta: bool  # since the point before; else since the start
    digest: int = 0


class Batch(msgspec.Struct):
    """What one export request holds."""

    spans: list[Span]
    logs: list[Log]
    points: list[Point] = []
    raw: bytes = b""
    sanitised: bool = False
    other: str | None = None  # why there is neither span nor log record in it


def text_of(attributes: Attributes, *names: str) -> str | None:
    """Return the first of the attributes that is a text with something in it."""
    if attributes.keys().isdisjoint(names):  # nearly always: conventions have many names for one thing
        return None
    for name in names:
        value = attributes.get(name)
        if isinstance(value, str) and value:
            return value
    return None


def count_of(attributes: Attributes, *names: str) -> int | None:
    """Return the first of the attributes that is a count, also where it is written as a text."""
    if attributes.keys().isdisjoint(names):
        return None
    for name in names:
        value = attributes.get(name)
        if isinstance(value, bool) or value is None:
            continue
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and 0 <= value <= 10**9:
            return value
    return None


def number_of(attributes: Attributes, *names: str) -> float | None:
    """Return the first of the attributes that is a number from 0 to 10^12, also where it is written as a text."""
    if attributes.keys().isdisjoint(names):
        return None
    for name in names:
        value = attributes.get(name)
        if isinstance(value, str) and len(value) < 32:
            try:
                value = float(value)
            except ValueError:
                continue
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1e12:
            return value
    return None


def flag_of(attributes: Attributes, name: str) -> bool | None:
    """Return a truth value, also where it is written as a text."""
    value = attributes.get(name)
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None
