"""A Gemini CLI session file as its records: the header, messages, patches, tool calls, in the order of the file.

Both forms become the same records. A tool call is taken out of its message and is two records, what was asked and what
came back: when a message is written again with one call more, everything else in it stays what it was.
"""

from collections.abc import Iterator
from typing import NamedTuple

from agentobs.adapters._lenient import dumps
from agentobs.adapters._objects import Fields, Object, items, read_object

HEADER = "header"
MESSAGE = "message"
CALL = "call"
RESULT = "result"
SUMMARY = "summary"
PATCH = "patch"
REWIND = "rewind"
OTHER = "other"

_CHANGING = ("lastUpdated", "summary", "messages")  # what a rewritten header says anew each time
_WHOSE = ("sessionId", "projectHash", "startTime", "kind")
_ANSWER = ("result", "resultDisplay", "status", "timestamp")
_ENDED = ("success", "error", "cancelled")


class Record(NamedTuple):
    """One record. A call and its result know their message."""

    kind: str
    fields: Fields
    original: Fields  # what makes it the record it is, as it stood before redaction
    message: Fields
    position: int = 0  # of the call in its message
    sanitised: bool = False

    @property
    def raw(self) -> bytes:
        """Its JSON."""
        return dumps(self.fields)

    @property
    def call(self) -> Fields:
        """The tool call in its message that a call or result belongs to."""
        return self.message["toolCalls"][self.position]


class Broken(NamedTuple):
    """A line or document that cannot be read, and why."""

    reason: str
    raw: bytes


class Blank(NamedTuple):
    """A line with nothing in it."""


Piece = Record | Broken | Blank


def pieces(document: bytes, original: bytes) -> Iterator[Piece]:
    """Yield the records of a document; `original` is the same before redaction."""
    lines = _lines(document)
    befores = lines if original is document else _lines(original)
    if len(befores) != len(lines):
        befores = lines
    for line, before in zip(lines, befores, strict=True):
        part = _part(line)
        if isinstance(part, Object):
            told = part if before == line else _part(before)
            yield from _records(part, told if isinstance(told, Object) else part)
        else:
            yield part


def _lines(document: bytes) -> list[bytes]:
    """Return the lines of a log, or the one object that a document is."""
    first, newline, _ = document.lstrip().partition(b"\n")
    is_log = newline and isinstance(read_object(first), Object)
    return document.rstrip().splitlines() if is_log else [document]


def _part(line: bytes) -> Object | Broken | Blank:
    if not line.strip():
        return Blank()
    found = read_object(line)
    return Broken(found, line) if isinstance(found, str) else found


def _records(part: Object, before: Object) -> Iterator[Record]:
    fields, original, sanitised = part.fields, before.fields, part.sanitised
    patch, patched = fields.get("$set"), original.get("$set")
    if isinstance(patch, dict):
        patched = patched if isinstance(patched, dict) else patch
        kind = SUMMARY if "summary" in patch else PATCH
        yield Record(kind, _without(fields, patch), _without(original, patched), patch, 0, sanitised)
        yield from _messages(patch, patched, sanitised)
    elif "$rewindTo" in fields:
        yield Record(REWIND, fields, original, {}, 0, sanitised)
    elif "sessionId" in fields and "type" not in fields:
        yield Record(HEADER, _but(fields, *_CHANGING), _only(original, *_WHOSE), fields, 0, sanitised)
        yield from _messages(fields, original, sanitised)
        if isinstance(fields.get("summary"), str):
            summary = {"summary": original.get("summary")}
            yield Record(SUMMARY, {"summary": fields["summary"]}, summary, {}, 0, sanitised)
    elif "type" in fields:
        yield from _message(fields, original, sanitised)
    else:
        yield Record(OTHER, fields, original, {}, 0, sanitised)


def _messages(holder: Fields, original: Fields, sanitised: bool) -> Iterator[Record]:
    messages, originals = items(holder, "messages"), items(original, "messages")
    for position, message in enumerate(messages):
        before = originals[position] if len(originals) == len(messages) else message
        if isinstance(message, dict) and isinstance(before, dict):
            yield from _message(message, before, sanitised)
        else:
            yield Record(OTHER, {"message": message}, {"message": before}, {}, position, sanitised)


def _message(message: Fields, original: Fields, sanitised: bool) -> Iterator[Record]:
    calls, befores = message.get("toolCalls"), original.get("toolCalls")
    if not isinstance(calls, list):
        yield Record(MESSAGE, message, original, message, 0, sanitised)
        return
    bare, bare_before = _but(message, "toolCalls"), _but(original, "toolCalls")
    yield Record(MESSAGE, bare, bare_before, message, 0, sanitised)
    same = isinstance(befores, list) and len(befores) == len(calls)
    for index, call in enumerate(calls):
        before = befores[index] if same and isinstance(befores, list) else call
        if not isinstance(call, dict) or not isinstance(before, dict):
            yield Record(OTHER, {"toolCall": call}, {"toolCall": before}, message, index, sanitised)
            continue
        asked = _only(before, "id", "name", "args")
        yield Record(CALL, _but(call, *_ANSWER), asked, message, index, sanitised)
        if call.get("result") or call.get("status") in _ENDED:
            answered = _only(before, "id", *_ANSWER)
            yield Record(RESULT, _but(call, "args"), answered, message, index, sanitised)


def _without(line: Fields, patch: Fields) -> Fields:
    return {**line, "$set": _but(patch, "messages")}


def _but(fields: Fields, *names: str) -> Fields:
    return {name: value for name, value in fields.items() if name not in names}


def _only(fields: Fields, *names: str) -> Fields:
    return {name: fields[name] for name in names if name in fields}
