"""What a raw record lost to redaction, and the texts taken from it without that: a cut text may hold half a secret."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from agentobs.redaction import Redactor

_MARK = re.compile("«redacted:[\\w-]+:[0-9a-f]{8}»".encode())
_LEAST = 6  # characters of a secret that tell something


class Lost(NamedTuple):
    """A secret as it may stand in a text, and the mark that stands for it now."""

    secret: str
    mark: str


def lost_in(record: bytes, clean: bytes) -> list[Lost]:
    """Return what stood in a record where its redacted form has marks; those that were there before are none."""
    found: list[Lost] = []
    at, marks = 0, list(_MARK.finditer(clean))
    for number, mark in enumerate(marks):
        before = clean[marks[number - 1].end() if number else 0 : mark.start()]
        behind = clean[mark.end() : marks[number + 1].start() if number + 1 < len(marks) else len(clean)]
        start = at + len(before)
        end = record.find(behind, start) if number + 1 < len(marks) else len(record) - len(behind)
        if record.startswith(mark[0], start):
            end = start + len(mark[0])
        if end < 0:
            return found
        if record[start:end] != mark[0]:
            found += [Lost(secret, mark[0].decode()) for secret in _forms(record[start:end])]
        at = end
    return sorted(set(found), key=lambda lost: -len(lost.secret))


def without(
    redactor: Redactor, text: str | None, lost: list[Lost], counts: Counter[str], *, is_json: bool = False
) -> str | None:
    """Return a text without secrets: those that the rules find in it, and what its record lost, cut or whole."""
    if text is None:
        return None
    clean = redactor.text(text, counts)
    if not lost:
        return clean
    if not is_json:
        return _without(clean, lost)
    values = msgspec.json.decode(clean)
    mended = _walked(values, lost)
    return clean if mended == values else msgspec.json.encode(mended).decode()


def _walked(value: Any, lost: list[Lost]) -> Any:
    if isinstance(value, str):
        return _without(value, lost)
    if isinstance(value, dict):
        return {_without(key, lost): _walked(inner, lost) for key, inner in value.items()}
    return [_walked(inner, lost) for inner in value] if isinstance(value, list) else value


def _without(text: str, lost: list[Lost]) -> str:
    for secret, mark in lost:
        text = text.replace(secret, mark)
    if not text.endswith("…"):
        return text
    body = text[:-1]
    for secret, mark in lost:
        for length in range(min(len(secret) - 1, len(body)), _LEAST - 1, -1):
            if body.endswith(secret[:length]):
                return body[:-length] + mark
    return text


def _forms(secret: bytes) -> Iterator[str]:
    """A secret as it stands in a record, with its escapes resolved once and twice, and on one line."""
    text = secret.decode("utf-8", "replace")
    forms = [text]
    for _ in range(2):
        try:
            text = msgspec.json.decode(f'"{text}"'.encode(), type=str)
        except msgspec.DecodeError:
            break
        forms.append(text)
    forms += [" ".join(line.strip() for line in form.splitlines()) for form in forms]
    yield from (form for form in dict.fromkeys(forms) if len(form) >= _LEAST)
