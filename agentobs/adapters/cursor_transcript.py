"""Cursor's transcripts: ~/.cursor/projects/<project>/agent-transcripts/<session>/<session>.jsonl.

    {"role": "user"|"assistant", "message": {"content": [{"type": "text"|"tool_use"|"tool_result", ...}]}}
    {"type": "turn_ended", "status": ...}

A transcript has no ids, no tokens, no models and mostly no results. Its session is the name of its file; a file in the
folder `subagents` of a session is a session below that. A time stands in newer prompts only, as text for the model
(<timestamp>): what follows inherits it. Without one, times only count the events.

    text of a user       user_interaction, role user; of a subagent, or only attached by Cursor: system
    text of an assistant llm_response
    tool_use             by its tool, see _cursor_tools
    tool_result          tool_result
    turn_ended           skipped; error_encountered, or interrupted, where it says so
    anything else        unknown, with its record

The sessions of the editor stand in its database, too, with times and outcomes (cursor): nothing in a transcript tells
which message there is the same. So that none counts twice, transcripts are read only from a folder that a user names.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import PurePosixPath
from typing import Any

import msgspec

from agentobs.adapters._base import Adapter, Fidelity
from agentobs.adapters._cursor_tools import call_of
from agentobs.adapters._objects import Object, canonical, read_object
from agentobs.adapters._text import clip, one_line, short_id, small_json
from agentobs.adapters._whole_document import inside, text
from agentobs.events import (
    EARLIEST,
    Event,
    EventType,
    Item,
    Line,
    Reject,
    Skip,
    Stamp,
    clean_text,
    content_digest,
    event_id,
    is_uuid,
    stamp,
)

AGENT = "cursor"
_SPOKEN_LENGTH = 100
_MILLISECOND = 1000
_MOST_EVENTS = 10_000_000  # keeps the made-up times inside the range that events may have
_LINE = re.compile(rb'\{\s*"role"\s*:\s*"(?:user|assistant)"\s*,\s*"message"\s*:\s*\{\s*"content"\s*:')
_QUERY = re.compile(r"<user_query>\s*(.*?)\s*</user_query>", re.DOTALL)
_ATTACHED = re.compile(
    r"\s*<(?:timestamp|system_reminder|attached_files|open_and_recently_viewed_files|user_info|rules|git_status"
    r"|agent_skills|additional_data|project_layout|agent_transcripts)\b"
)
_TIME = re.compile(
    r"<timestamp>\s*(?:\w+,\s*)?(?P<month>[A-Z][a-z]{2})[a-z]*\s+(?P<day>\d{1,2}),\s*(?P<year>\d{4}),?\s*"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})\s*(?P<half>[AP])M\s*\(UTC(?P<zone>[+-]\d{1,2}(?::\d{2})?)?\)\s*</timestamp>"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STOPPED = frozenset(("aborted", "cancelled", "canceled", "interrupted"))
_decode = msgspec.json.Decoder().decode


class Memory(msgspec.Struct):
    """Where the reading stands: whose session it is, and the last time that was said."""

    path: str = ""
    session: str | None = None
    ts: int | None = None
    lines: int = 0
    made: int = 0


class _Record(msgspec.Struct):
    """A line and all that its events share."""

    found: Object
    offset: int
    digest: int
    memory: Memory
    session_id: str
    root_session_id: str | None
    part: int = 0
    first: bytes | None = None


def parse(lines: Iterable[Line], memory: Memory) -> Iterator[Item]:
    """Yield the events of a transcript, in file order."""
    for offset, line, original in lines:
        memory.lines += 1
        if not line.strip():
            yield Skip(offset, "blank")
            continue
        found = read_object(line)
        if isinstance(found, str):
            yield Reject(offset, found, line)
            continue
        there = found if original is line else read_object(original)
        digest = content_digest(original if isinstance(there, str) else canonical(there.fields))
        if memory.session is None:
            memory.session = _stem(memory.path) or f"line-{digest:x}"
        parent = _parent(memory.path)
        record = _Record(found, offset, digest, memory, _named(memory.session), parent and _named(parent))
        yield from _items(record)


def _items(record: _Record) -> Iterator[Item]:
    said = record.found.fields
    if said.get("type") == "turn_ended":
        yield _turn_ended(record, said)
        return
    blocks = _blocks(said)
    role = said.get("role")
    made = 0
    for block in blocks if role in ("user", "assistant") else []:
        event = _block(record, role, block)
        if event is not None:
            made += 1
            yield event
    if made:
        return
    if role in ("user", "assistant") and not blocks:
        yield Skip(record.offset, "empty_message")
        return
    event = _begun(record, EventType.UNKNOWN.value, clip(text(said.get("type")) or text(role), 100) or "line")
    yield event


def _blocks(said: dict[str, Any]) -> list[dict[str, Any]]:
    inner = inside(said, "message", "content")
    if isinstance(inner, str):
        inner = [{"type": "text", "text": inner}]
    blocks = [block for block in inner if isinstance(block, dict)] if isinstance(inner, list) else []
    return [block for block in blocks if block.get("type") != "text" or text(block.get("text"))]


def _block(record: _Record, role: object, block: dict[str, Any]) -> Event | None:
    kind = block.get("type")
    if kind == "text":
        return _user(record, block["text"]) if role == "user" else _spoken(record, "text", block["text"])
    if kind in ("thinking", "reasoning"):
        return _spoken(record, "thinking", text(block.get("thinking")) or text(block.get("text")))
    if kind == "tool_use":
        return _call(record, block)
    if kind == "tool_result":
        return _result(record, block)
    return _begun(record, EventType.UNKNOWN.value, f"{role}/{clip(text(kind), 100) or 'block'}")


def _user(record: _Record, said: str) -> Event:
    when = _time(said)
    if when is not None:
        record.memory.ts = when.ts
    query = _QUERY.search(said)
    human = record.root_session_id is None and (query is not None or not _ATTACHED.match(said))
    name = "text" if human else "subagent_prompt" if record.root_session_id else "attached"
    event = _begun(record, EventType.USER_INTERACTION.value, f"user/{name}", when)
    event.role = "user" if human else "system"
    event.summary = one_line(query[1] if query else said)
    return event


def _spoken(record: _Record, name: str, said: str | None) -> Event:
    event = _begun(record, EventType.LLM_RESPONSE.value, f"assistant/{name}")
    event.role, event.summary = "assistant", one_line(said, _SPOKEN_LENGTH)
    return event


def _call(record: _Record, block: dict[str, Any]) -> Event:
    name, asked = short_id(text(block.get("name"))), block.get("input")
    call = call_of(name, asked if isinstance(asked, dict) else {})
    event = _begun(record, call.kind, "assistant/tool_use")
    event.role, event.tool_name = "assistant", name
    event.tool_call_id = short_id(text(block.get("id"))) or f"event-{event.id.hex()}"
    call.fill(event)
    return event


def _result(record: _Record, block: dict[str, Any]) -> Event:
    event = _begun(record, EventType.TOOL_RESULT.value, "tool_result")
    event.role, event.tool_call_id = "tool", short_id(text(block.get("tool_use_id")))
    failed = block.get("is_error")
    event.status = None if not isinstance(failed, bool) else "error" if failed else "ok"
    event.severity = "error" if failed is True else "info"
    event.summary = one_line(_result_text(block)) if failed is True else None
    return event


def _turn_ended(record: _Record, said: dict[str, Any]) -> Event | Skip:
    status = (text(said.get("status")) or "").lower()
    stopped = status in _STOPPED
    if not stopped and status != "error":
        return Skip(record.offset, "turn_ended")
    kind = EventType.USER_INTERACTION if stopped else EventType.ERROR_ENCOUNTERED
    event = _begun(record, kind.value, "turn_ended/" + ("interrupted" if stopped else "error"))
    event.role = "system" if stopped else "assistant"
    event.status = "interrupted" if stopped else None
    event.severity = "warning" if stopped else "error"
    error = text(said.get("error")) or text(inside(said, "error", "message"))
    event.summary = one_line(error) or status
    event.data = small_json({"status": status})
    return event


def _begun(record: _Record, kind: str, native_type: str, when: Stamp | None = None) -> Event:
    memory, part = record.memory, record.part
    if when is None and memory.ts is not None:
        when = Stamp(memory.ts, "inherited")
    elif when is None:
        when = Stamp(EARLIEST + min(memory.made, _MOST_EVENTS) * _MILLISECOND, "none")
    memory.made += 1
    record.part = min(part + 1, 32_000)
    identity = (memory.session or "", str(memory.lines), str(record.digest), str(part))
    event = Event(
        id=event_id(when.ts, AGENT, "transcript", *identity),
        ts=when.ts,
        ts_quality=when.quality,
        type=kind,
        agent=AGENT,
        session_id=record.session_id,
        root_session_id=record.root_session_id,
        offset=record.offset,
        part=part,
        digest=record.digest,
        native_type=native_type,
        parent_event_id=record.first,
        raw=record.found.raw if part == 0 else None,
        sanitised=record.found.sanitised,
    )
    record.first = record.first or event.id
    return event


def _time(said: str) -> Stamp | None:
    """The time in a prompt: the person's local time, with its distance from UTC."""
    found = _TIME.search(said[:20_000])
    if found is None or found["month"] not in _MONTHS:
        return None
    hours, _, minutes = (found["zone"] or "+0").lstrip("+-").partition(":")
    distance = timedelta(hours=int(hours), minutes=int(minutes or 0)) * (-1 if (found["zone"] or "")[:1] == "-" else 1)
    hour = int(found["hour"]) % 12 + (12 if found["half"] == "P" else 0)
    try:
        moment = datetime(
            int(found["year"]),
            _MONTHS.index(found["month"]) + 1,
            int(found["day"]),
            hour,
            int(found["minute"]),
            tzinfo=timezone(distance),
        )
        return stamp(int(moment.astimezone(UTC).timestamp()) * 1_000_000)
    except (ValueError, OverflowError):  # no day of the calendar, no zone
        return None


def _stem(path: str) -> str | None:
    return PurePosixPath(path).stem or None


def _parent(path: str) -> str | None:
    folders = PurePosixPath(path).parent
    return folders.parent.name or None if folders.name == "subagents" else None


def _named(native: str) -> str:
    return native if is_uuid(native) else short_id(f"{AGENT}:{native}") or AGENT


def _result_text(block: dict[str, Any]) -> str | None:
    inner = block.get("content")
    if isinstance(inner, str):
        return inner or None
    parts = [text(inside(one, "text")) for one in inner] if isinstance(inner, list) else []
    return "\n".join(part for part in parts if part) or None


def content_of_line(value: dict[str, Any], part: int) -> str | None:
    """Return what a block of a line says, asks or answers."""
    blocks = _blocks(value) if value.get("role") in ("user", "assistant") else []
    if part >= len(blocks):
        return None
    block = blocks[part]
    if block.get("type") == "tool_use":
        asked = block.get("input")
        command = text(inside(asked, "command"))
        return command or (
            msgspec.json.format(canonical(asked), indent=2).decode() if isinstance(asked, dict) else None
        )
    if block.get("type") == "tool_result":
        return _result_text(block)
    return text(block.get("text")) or text(block.get("thinking"))


def content(raw: bytes, part: int) -> str | None:
    """Return the text of a line's block: what was said, asked or answered; None when it has none."""
    try:
        value = _decode(raw)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    found = content_of_line(value, part) if isinstance(value, dict) else None
    return clean_text(found) if found else None


def detect(head: bytes) -> float:
    """Return how sure it is that lines are a transcript of Cursor: a role, then a message with nothing but content."""
    first = head.lstrip().partition(b"\n")[0]
    return 0.9 if _LINE.match(first) and b'"uuid"' not in first and b'"sessionId"' not in first else 0.0


ADAPTER = Adapter(
    name="cursor_transcript",
    agent=AGENT,
    title="Cursor agent transcripts",
    locations=(),
    patterns=("*.jsonl",),
    detect=detect,
    parse=parse,
    content=content,
    memory=Memory,
    fidelity=Fidelity(
        times=False,
        model=False,
        tokens=False,
        cost=False,
        outcomes=False,
        threads=False,
        subagents=True,
        edits=False,
        version=False,
        basis="https://github.com/kenn-io/agentsview: internal/parser/cursor.go; no real files",
    ),
)
