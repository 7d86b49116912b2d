"""JSON objects read without a schema: whatever the bytes are, and each value only where it has the right type."""

import json
from typing import Any, NamedTuple

import msgspec

from agentobs.adapters._lenient import dumps, has_nul, loads, sanitise, too_deep
from agentobs.adapters._text import short_id
from agentobs.events import Usage

Fields = dict[str, Any]

MOST_TOKENS = 10**9  # no response has more: such a number is unknown
_decode = msgspec.json.Decoder().decode


class Object(NamedTuple):
    """An object, its bytes as they may be stored, and whether some had to be replaced for that."""

    fields: Fields
    raw: bytes
    sanitised: bool


def read_object(line: bytes) -> Object | str:
    """Return the object that a line is, or why it is none."""
    clean = line if not has_nul(line) and _is_utf8(line) and b"\0" not in line else sanitise(line)
    if too_deep(clean):
        return "JSON nested deeper than 100 levels"
    try:
        fields = _decode(clean)
        raw = clean
    except (msgspec.MsgspecError, ValueError):  # lone surrogates, NaN, numbers beyond a double: or no JSON at all
        clean = sanitise(clean)
        try:
            fields = loads(clean)
        except ValueError as error:
            return f"not JSON: {error}"[:300]
        raw = dumps(fields)
    return Object(fields, raw, raw is not line) if isinstance(fields, dict) else "not a JSON object"


def canonical(fields: Fields) -> bytes:
    """Return the same bytes for equal objects, however they were written."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode(
        "utf-8", "surrogatepass"
    )


def text(fields: Fields, *names: str) -> str | None:
    """Return the first of the values that is a text with something in it."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value:
            return value
    return None


def named(fields: Fields, *names: str) -> str | None:
    """Return an id or a name, cut to the size of a key."""
    return short_id(text(fields, *names))


def count(fields: Fields, name: str, most: int = MOST_TOKENS) -> int | None:
    """Return a whole number from 0 to `most`."""
    value = fields.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most else None


def number(fields: Fields, name: str, most: float = 1e12) -> float | None:
    """Return a number from 0 to `most`."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value <= most else None


def flag(fields: Fields, name: str) -> bool | None:
    """Return a truth value."""
    value = fields.get(name)
    return value if isinstance(value, bool) else None


def inner(fields: Fields, *path: str) -> Fields:
    """Return the object at a path; an empty one where there is none."""
    for name in path:
        value = fields.get(name)
        if not isinstance(value, dict):
            return {}
        fields = value
    return fields


def items(fields: Fields, name: str) -> list[Any]:
    """Return a list; an empty one where there is none."""
    value = fields.get(name)
    return value if isinstance(value, list) else []


def without_cache(given: int | None, cached: int | None) -> int | None:
    """Return the input tokens that no cache served; an input smaller than its cached part is one without it."""
    return given - cached if given is not None and cached is not None and given >= cached else given


def says_something(usage: Usage) -> bool:
    """Tell whether a usage has any count at all."""
    return usage != Usage()


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
