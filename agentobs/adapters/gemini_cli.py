"""Gemini CLI session files: ~/.gemini/tmp/<project>/chats/session-*.json, and .jsonl since version 0.40.

Both forms are read as whole documents. The older one is rewritten after every message. The newer one is a log in which
a message comes again, under the same id, each time a call, a result or a token count is added; `$set` lines patch the
header (or list messages again) and `$rewindTo` takes the conversation back. What comes again unchanged is the same
event; a message with other content, thoughts or tokens is a revision; usage counts once per message, calls once per id.

Gemini's `input` includes cached tokens, its `output` leaves out thoughts, and prompts of built-in tools (`tool`) stand
beside both: here input is without the cache and with those prompts, output with the thoughts.

    header                      session_start
    user                        user_interaction, role user; role system where the client or a parent agent wrote it
    gemini, model               llm_response
    toolCalls[]                 by tool (_gemini_tools), and its tool_result
    info, warning               user_interaction, role system;  error  error_encountered
    summary, $rewindTo          context_switch
    $set of anything else       skipped;  unknown types  unknown, with their record
"""

import re
from collections.abc import Iterable, Iterator

from agentobs.adapters._base import Adapter, Fidelity, NoMemory
from agentobs.adapters._gemini_document import (
    CALL,
    HEADER,
    MESSAGE,
    OTHER,
    PATCH,
    RESULT,
    REWIND,
    SUMMARY,
    Blank,
    Broken,
    Record,
    pieces,
)
from agentobs.adapters._gemini_messages import add_message, content
from agentobs.adapters._gemini_tools import add_call, add_result, kind_of
from agentobs.adapters._objects import Fields, canonical, items, named, read_object, text
from agentobs.adapters._text import clip, one_line, small_json
from agentobs.events import (
    EARLIEST,
    Event,
    EventType,
    Item,
    Line,
    Reject,
    Skip,
    Stamp,
    content_digest,
    event_id,
    is_uuid,
    parse_timestamp,
)

NAME = "gemini_cli"

_HEADER = re.compile(rb'(?<!\\)"projectHash"\s*:\s*"')
_SESSION = re.compile(rb'(?<!\\)"(?:sessionId|startTime)"\s*:\s*"')
_MESSAGES = re.compile(rb'(?<!\\)"messages"\s*:\s*\[')
_SPEAKS = re.compile(rb'(?<!\\)"type"\s*:\s*"gemini"')


class _Reading:
    """What is known of a document while it is read."""

    def __init__(self) -> None:
        self.session_id: str | None = None
        self.is_subagent = False
        self.working_directory: str | None = None
        self.start: Stamp | None = None
        self.last: Stamp | None = None
        self.message_event = b""
        self.call_event = b""
        self.occurrences: dict[int, int] = {}


def parse(lines: Iterable[Line], memory: NoMemory) -> Iterator[Item]:
    """Yield the events of a session file, in file order."""
    for _, document, original in lines:
        reading = _Reading()
        for place, piece in enumerate(pieces(document, original)):
            if isinstance(piece, Blank):
                yield Skip(place, "blank")
            elif isinstance(piece, Broken):
                yield Reject(place, piece.reason, piece.raw)
            else:
                yield _item(piece, place, reading)


def _item(record: Record, place: int, reading: _Reading) -> Item:
    if record.kind == HEADER:
        _open(record.fields, reading)
    if record.kind == PATCH:
        return Skip(place, "$set")
    if reading.session_id is None:
        return Skip(place, f"{record.kind}_without_session")
    event = _event(record, place, reading)
    _FILL[record.kind](event, record, reading)
    return event


def _open(header: Fields, reading: _Reading) -> None:
    session = named(header, "sessionId")
    if session is None:
        return
    reading.session_id = session if is_uuid(session) else f"{NAME}:{session}"
    reading.is_subagent = header.get("kind") == "subagent"
    reading.start = parse_timestamp(text(header, "startTime") or "")
    reading.last = reading.last or reading.start
    directories = [path for path in items(header, "directories") if isinstance(path, str) and path]
    reading.working_directory = clip(directories[0], 4096) if directories else None


def _event(record: Record, place: int, reading: _Reading) -> Event:
    """Return the record's event, still without type: named after the message's id and what the record carries."""
    ts, quality = _time(record, reading)
    session = reading.session_id or ""
    digest = content_digest(record.kind.encode(), canonical(record.original))
    native = named(record.message, "id") if record.kind in (MESSAGE, CALL, RESULT) else None
    if native is None:
        occurrence = reading.occurrences.get(digest, 0) if record.kind in (MESSAGE, CALL, RESULT, REWIND, OTHER) else 0
        reading.occurrences[digest] = occurrence + 1
        identity = (session, str(occurrence))
    else:
        identity = (native,) if is_uuid(native) else (session, native)
    own = named(record.call, "id") or str(record.position) if record.kind in (CALL, RESULT) else ""
    return Event(
        id=event_id(ts, NAME, *identity, record.kind, own, str(digest)),
        ts=ts,
        ts_quality=quality,
        type=EventType.UNKNOWN.value,
        agent=NAME,
        session_id=session,
        offset=place,
        digest=digest,
        native_id=native,
        native_type=record.kind,
        working_directory=reading.working_directory,
        raw=record.raw,
        sanitised=record.sanitised,
    )


def _time(record: Record, reading: _Reading) -> Stamp:
    if record.kind == HEADER:
        own = reading.start
    elif record.kind == RESULT:
        own = parse_timestamp(text(record.fields, "timestamp") or "")
    elif record.kind in (MESSAGE, CALL):
        own = parse_timestamp(text(record.message, "timestamp") or "")
    else:
        own = None
    if own is None:  # a summary belongs to all of the session, whose last time moves with every message
        known = reading.start if record.kind == SUMMARY else reading.last
        return Stamp(known.ts, "inherited") if known is not None else Stamp(EARLIEST, "none")
    if record.kind == MESSAGE and own.quality != "clamped":
        reading.last = own
    return own


def _start(event: Event, record: Record, reading: _Reading) -> None:
    event.type, event.native_type = EventType.SESSION_START.value, HEADER
    event.native_id = named(record.fields, "sessionId")
    event.data = small_json({"project_hash": named(record.fields, "projectHash"), "kind": named(record.fields, "kind")})


def _message(event: Event, record: Record, reading: _Reading) -> None:
    reading.message_event = event.id
    add_message(event, record.fields, reading.is_subagent)


def _call(event: Event, record: Record, reading: _Reading) -> None:
    reading.call_event = event.id
    event.type, event.native_type = kind_of(record.call), "toolCall"
    event.parent_event_id = reading.message_event
    event.model = named(record.message, "model")
    event.tool_call_id = named(record.call, "id") or f"event-{event.id.hex()}"
    add_call(event, record.call)


def _result(event: Event, record: Record, reading: _Reading) -> None:
    event.type, event.native_type = EventType.TOOL_RESULT.value, "toolCall/result"
    event.parent_event_id = reading.call_event
    event.tool_call_id = named(record.call, "id") or f"event-{reading.call_event.hex()}"
    add_result(event, record.call)


def _summary(event: Event, record: Record, reading: _Reading) -> None:
    event.type = EventType.CONTEXT_SWITCH.value
    event.summary = one_line(text(record.fields, "summary") or text(record.message, "summary"))


def _rewind(event: Event, record: Record, reading: _Reading) -> None:
    event.type, event.native_type = EventType.CONTEXT_SWITCH.value, "$rewindTo"
    event.data = small_json({"rewind_to": named(record.fields, "$rewindTo")})


def _other(event: Event, record: Record, reading: _Reading) -> None:
    event.native_type = "untyped"


_FILL = {
    HEADER: _start,
    MESSAGE: _message,
    CALL: _call,
    RESULT: _result,
    SUMMARY: _summary,
    REWIND: _rewind,
    OTHER: _other,
}


def detect(head: bytes) -> float:
    """Return how sure it is that a document is Gemini CLI's: by its header, or by messages of type gemini."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.startswith(b"{"):
        return 0.0
    first = read_object(start.partition(b"\n")[0])
    if not isinstance(first, str) and "type" in first.fields:  # an event of somebody's log
        return 0.0
    if _HEADER.search(head) and _SESSION.search(head):
        return 0.95
    return 0.8 if _MESSAGES.search(head) and _SPEAKS.search(head) else 0.0


ADAPTER = Adapter(
    name=NAME,
    title="Gemini CLI",
    locations=(".gemini/tmp/*/chats/**/*.json", ".gemini/tmp/*/chats/**/*.jsonl"),
    patterns=("*.json", "*.jsonl"),
    detect=detect,
    parse=parse,
    content=content,
    whole=True,
    fidelity=Fidelity(
        times=True,
        model=True,
        tokens=True,
        cost=False,
        outcomes=True,
        threads=False,
        subagents=False,
        edits=True,
        version=False,
        basis="real files",
    ),
)
