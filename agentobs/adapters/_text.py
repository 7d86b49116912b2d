"""One-line summaries, short ids, and small JSON objects for what people query."""

from hashlib import blake2b
from typing import Any

import msgspec

SUMMARY_LENGTH = 300
ID_LENGTH = 200  # an index row of PostgreSQL holds some 2,700 bytes; no real id comes near

_encode = msgspec.json.Encoder().encode


def one_line(text: str | None, length: int = SUMMARY_LENGTH) -> str | None:
    """Return the head of a text on one line, or None when there is nothing to show."""
    if not text:
        return None
    head = text[: length + length // 3]
    if not head.isprintable():  # line ends are not, and splitting is dear
        head = " ".join([line.strip() for line in head.splitlines()])
    head = head.strip()
    if len(head) > length:
        head = head[: length - 1] + "…"
    return head or None


def clip(text: str | None, length: int) -> str | None:
    """Return the head of a text, marked where it was cut; None when there is none."""
    if not text:
        return None
    return text if len(text) <= length else text[: length - 1] + "…"


def short_id(text: str | None) -> str | None:
    """Return an id as it is, or its head and a hash when it is too long for an index; None when it is empty."""
    if not text:
        return None
    if len(text) <= ID_LENGTH:
        return text
    return f"{text[: ID_LENGTH - 33]}~{blake2b(text.encode(), digest_size=16).hexdigest()}"


def small_json(values: dict[str, Any]) -> bytes | None:
    """Return the object without what is None or empty; None when nothing is left."""
    kept = {key: value for key, value in values.items() if value is not None and value != ""}
    return _encode(kept) if kept else None
