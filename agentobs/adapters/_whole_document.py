"""One JSON document, rewritten whole: decoded leniently, taken apart into records, its values read with care.

A record's identity comes from the source as it stands, its text from the redacted copy: both are walked side by side.
"""

import math
from typing import Any

import msgspec

from agentobs.adapters._lenient import dumps, has_nul, loads, sanitise, too_deep
from agentobs.events import Line, content_digest

MOST = 10**9  # no response holds a billion tokens

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Document(msgspec.Struct):
    """A document after redaction and as it stands in the source; one object where nothing was redacted."""

    value: Any
    original: Any
    sanitised: bool = False


class Record(msgspec.Struct):
    """One record of a document: what it says after redaction, its JSON, and the digest of its original."""

    value: dict[str, Any]
    original: dict[str, Any]
    raw: bytes
    digest: int
    sanitised: bool = False


def read_document(line: Line) -> Document | str:
    """Return the document that a line holds, or why there is none."""
    _, redacted, original = line
    found = read_value(redacted)
    if isinstance(found, str):
        return found
    value, sanitised = found
    if original is redacted:
        return Document(value, value, sanitised)
    there = read_value(original)
    return Document(value, value if isinstance(there, str) else there[0], sanitised)


def record(value: dict[str, Any], original: object, *, sanitised: bool) -> Record:
    """Return an object of a document as a record, beside its original."""
    raw = encode(value)
    if value is original or not isinstance(original, dict):
        return Record(value, value, raw, content_digest(raw), sanitised)
    return Record(value, original, raw, content_digest(encode(original)), sanitised)


def objects(value: object, original: object) -> list[tuple[dict[str, Any], object]]:
    """Return the objects of a list, each beside its original; what is no object is kept as {"value": ...}."""
    if not isinstance(value, list):
        return []
    others = original if isinstance(original, list) and len(original) == len(value) else value
    return [
        (one, other) if isinstance(one, dict) else ({"value": one}, {"value": other})
        for one, other in zip(value, others, strict=True)
    ]


def nested(value: object) -> dict[str, Any]:
    """Return an object that stands there as such or as JSON in a text; empty when it is neither."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        found = read_value(value.encode("utf-8", "replace"))
        value = None if isinstance(found, str) else found[0]
    return value if isinstance(value, dict) else {}


def inside(value: object, *names: str) -> Any:
    """Return what stands under names inside each other; None where one is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text(value: object) -> str | None:
    """Return a text that says something."""
    return value if isinstance(value, str) and value else None


def count(value: object) -> int | None:
    """Return a whole number from 0 to MOST."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST else None


def number(value: object) -> float | None:
    """Return a finite number that is not negative."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e15:
        return None
    return float(value) if math.isfinite(value) else None


def encode(value: object) -> bytes:
    """Return JSON for what a document holds."""
    try:
        return _encode(value)
    except (OverflowError, msgspec.MsgspecError, RecursionError):  # an integer beyond 64 bits
        return dumps(value)


def read_value(line: bytes) -> tuple[Any, bool] | str:
    """Return what some JSON says and whether it had to be sanitised for that, or why it cannot be read."""
    if too_deep(line):
        return "nested too deeply"
    try:
        if not has_nul(line):
            return _decode(line), False
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass  # read again, tolerantly
    clean = sanitise(line)
    if too_deep(clean):
        return "nested too deeply"
    try:
        return loads(clean), clean != line
    except (ValueError, RecursionError):
        return "no JSON document"
