"""opencode's exported sessions: what `opencode export` writes, one document {info, messages: [{info, parts}]}.

Records are the session, each message and each part of a message, in the order of the document. Events are named after
session, native id and content: a message that grew is another version of itself. What a model call used stands in its
step-finish part, and the message repeats the last one: steps count, the message only where it has none.

    info                               session_start
    message, user                      skipped: its parts say what was asked
    message, assistant                 llm_request with the usage; an error is error_encountered, or interrupted
    text of a user                     user_interaction, role user; synthetic ones and those of a parent agent: system
    file, agent, subtask of a user     user_interaction, role system
    text, reasoning                    llm_response
    step-finish                        skipped, but a second one in a message is an llm_request with its usage
    tool                               by tool, see _opencode_tools, and its tool_result
    compaction                         context_switch
    retry                              error_encountered
    step-start, patch, snapshot        skipped
    anything else                      unknown, with its record

A subagent is a session of its own that names its parent.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from agentobs.adapters._base import Adapter, Fidelity, NoMemory
from agentobs.adapters._opencode_origin import NAME, PATH_LENGTH, Message, Session, begun, message_of, subject_of
from agentobs.adapters._opencode_parts import assistant_message, part, session_start
from agentobs.adapters._text import clip, short_id
from agentobs.adapters._whole_document import (
    Document,
    Record,
    encode,
    inside,
    objects,
    read_document,
    record,
    text,
)
from agentobs.events import Event, EventType, Item, Line, Reject, Skip, clean_text

_OPENING = re.compile(rb'\s*\{\s*"info"\s*:\s*\{')
_SESSION = re.compile(rb'"id"\s*:\s*"ses_\w{4,60}"')
_OURS = re.compile(rb'"(?:projectID|directory|slug)"\s*:')
_OPENING_LENGTH = 4096
_decode = msgspec.json.Decoder().decode


def parse(lines: Iterable[Line], memory: NoMemory) -> Iterator[Item]:
    """Yield the events of an exported session, in the order of the document."""
    for line in lines:
        if not line[1].strip():
            yield Skip(line[0], "blank")
            continue
        document = read_document(line)
        if isinstance(document, str):
            yield Reject(line[0], document, line[1])
        elif not isinstance(document.value, dict) or not ("info" in document.value or "messages" in document.value):
            yield Reject(line[0], "neither info nor messages at the top of the document", line[1])
        else:
            yield from _items(document)


def _items(document: Document) -> Iterator[Item]:
    value, original, sanitised = document.value, document.original, document.sanitised
    info = value.get("info")
    info = info if isinstance(info, dict) else {}
    messages = objects(value.get("messages"), inside(original, "messages"))
    session = _session(info, messages)
    yield from _session_items(record(info, inside(original, "info"), sanitised=sanitised), session)
    offset = 1
    for one, other in messages:
        parts = objects(one.get("parts"), inside(other, "parts"))
        inner = one.get("info")
        message = message_of(inner if isinstance(inner, dict) else {}, [each for each, _ in parts])
        own = (inner, inside(other, "info")) if isinstance(inner, dict) else (one, other)
        parent = _parent(session, own[0])
        yield from _message_items(record(*own, sanitised=sanitised), offset, session, message, parent)
        offset += 1
        for each, its_original in parts if isinstance(inner, dict) else []:
            above = session.firsts.get(message.id or "", parent)
            yield from _part_items(record(each, its_original, sanitised=sanitised), offset, session, message, above)
            offset += 1


def _session(info: dict[str, Any], messages: list[tuple[dict[str, Any], object]]) -> Session:
    stated = (text(inside(one, "info", "sessionID")) for one, _ in messages)
    return Session(
        session_id=short_id(text(info.get("id")) or next((found for found in stated if found), None)),
        root_session_id=short_id(text(info.get("parentID"))),
        version=short_id(text(info.get("version"))),
        directory=clip(text(info.get("directory")), PATH_LENGTH),
    )


def _parent(session: Session, info: dict[str, Any]) -> bytes | None:
    return session.firsts.get(short_id(text(info.get("parentID"))) or "")


def _session_items(found: Record, session: Session) -> list[Event] | list[Skip]:
    if not found.value:
        return [Skip(0, "session_without_info")]
    subject = subject_of(found, 0, session, Message(None, None, None, None))
    return [Skip(0, "session_without_id")] if subject is None else [session_start(subject)]


def _message_items(
    found: Record, offset: int, session: Session, message: Message, parent: bytes | None
) -> list[Event] | list[Skip]:
    if message.role == "user":
        return [Skip(offset, "user_message")]
    subject = subject_of(found, offset, session, message)
    if subject is None:
        return [Skip(offset, "message_without_session")]
    subject.parent = parent
    if message.role != "assistant":
        return [begun(subject, 0, EventType.UNKNOWN.value, clip(message.role, 100) or "message", message.created)]
    events = assistant_message(subject)
    if message.id is not None:
        session.firsts.setdefault(message.id, events[0].id)
    return events


def _part_items(
    found: Record, offset: int, session: Session, message: Message, parent: bytes | None
) -> list[Event] | list[Skip]:
    subject = subject_of(found, offset, session, message)
    if subject is None:
        return [Skip(offset, "part_without_session")]
    subject.parent = parent
    items = part(subject)
    if isinstance(items, Skip):
        return [items]
    if message.id is not None:
        session.firsts.setdefault(message.id, items[0].id)
    return items


def detect(head: bytes) -> float:
    """Return how sure it is that a document is an exported session: it opens with the session's info."""
    opening = _OPENING.match(head)
    if opening is None:
        return 0.0
    info = head[opening.end() : opening.end() + _OPENING_LENGTH]
    return 0.95 if _SESSION.search(info) and _OURS.search(info) else 0.0


def content(raw: bytes, part: int) -> str | None:
    """Return the text of a record's part: what was said, asked or answered; None when it has none."""
    try:
        value = _decode(raw)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    found = _content(value, part) if isinstance(value, dict) else None
    return clean_text(found) if found else None


def _content(value: dict[str, Any], part: int) -> str | None:
    error = text(inside(value, "error", "data", "message")) or text(inside(value, "error", "message"))
    if value.get("type") == "tool":
        state = value.get("state")
        if part == 1:
            return text(inside(state, "output")) or text(inside(state, "error"))
        asked = inside(state, "input")
        command = text(inside(asked, "command")) if value.get("tool") == "bash" else None
        return None if part or not asked else command or msgspec.json.format(encode(asked), indent=2).decode()
    if part:
        return error if value.get("role") == "assistant" and part == 1 else None
    said = next((value[name] for name in ("text", "prompt", "title", "filename") if text(value.get(name))), None)
    return said or (error if value.get("type") == "retry" else None)


ADAPTER = Adapter(
    name=NAME,
    title="opencode",
    locations=(),  # an export lies where its user put it
    patterns=("*.json", "full.jsonl"),
    detect=detect,
    parse=parse,
    content=content,
    whole=True,
    fidelity=Fidelity(
        times=True,
        model=True,
        tokens=True,
        cost=True,
        outcomes=True,
        threads=False,
        subagents=True,
        edits=True,
        version=True,
        basis="real files",
    ),
)
