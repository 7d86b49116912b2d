"""One session of opencode, whatever it was kept in: {info, messages: [{info, parts}]}, record by record.

An export, the files of the storage folder and the rows of the database hold the same records, with their fields in
another order: digests are of the fields in the order of their names, so that each form gives the same events. The
session's own record is known by what does not change with every message.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from agentobs.adapters._lenient import dumps
from agentobs.adapters._opencode_origin import PATH_LENGTH, Message, Session, begun, message_of, subject_of
from agentobs.adapters._opencode_parts import assistant_message, part, session_start
from agentobs.adapters._rows import fields, object_of
from agentobs.adapters._text import clip, short_id
from agentobs.adapters._whole_document import Record, encode, inside, objects, record, text
from agentobs.events import Event, EventType, Item, Skip, clean_text, content_digest

_sorted = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder().decode
_LASTING = ("id", "parentID", "directory", "title", "version")


def session_items(value: dict[str, Any], original: object, *, sanitised: bool, offset: int) -> Iterator[Item]:
    """Yield the events of a session, its records numbered from `offset` on."""
    info = value.get("info")
    info = info if isinstance(info, dict) else {}
    messages = objects(value.get("messages"), inside(original, "messages"))
    session = _session(info, messages)
    start = record(info, inside(original, "info"), sanitised=sanitised)
    start.digest = _lasting_digest(start.original)
    yield from _session_items(start, offset, session)
    offset += 1
    for one, other in messages:
        parts = objects(one.get("parts"), inside(other, "parts"))
        inner = one.get("info")
        message = message_of(inner if isinstance(inner, dict) else {}, [each for each, _ in parts])
        own = (inner, inside(other, "info")) if isinstance(inner, dict) else (one, other)
        parent = _parent(session, own[0])
        yield from _message_items(_record(*own, sanitised=sanitised), offset, session, message, parent)
        offset += 1
        for each, its_original in parts if isinstance(inner, dict) else []:
            above = session.firsts.get(message.id or "", parent)
            yield from _part_items(_record(each, its_original, sanitised=sanitised), offset, session, message, above)
            offset += 1


def with_ids(data: object, ids: dict[str, object]) -> bytes:
    """Return a record with the ids that its place says where it does not itself; one that cannot be read says why."""
    found = fields(data)
    return encode({"unreadable": found, **ids}) if isinstance(found, str) else object_of({**ids, **found})


def _record(value: dict[str, Any], original: object, *, sanitised: bool) -> Record:
    found = record(value, original, sanitised=sanitised)
    found.digest = content_digest(_in_order(found.original))
    return found


def _in_order(value: dict[str, Any]) -> bytes:
    try:
        return _sorted(value)
    except (OverflowError, msgspec.MsgspecError, RecursionError):  # an integer beyond 64 bits
        return dumps(_by_name(value))


def _by_name(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _by_name(value[name]) for name in sorted(value)}
    return [_by_name(one) for one in value] if isinstance(value, list) else value


def _lasting_digest(info: dict[str, Any]) -> int:
    lasting = {name: info[name] for name in _LASTING if text(info.get(name))}
    counts = {name: inside(info, "summary", name) for name in ("additions", "deletions")}
    return content_digest(_in_order({**lasting, **counts, "created": inside(info, "time", "created")}))


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


def _session_items(found: Record, offset: int, session: Session) -> list[Event] | list[Skip]:
    if not found.value:
        return [Skip(offset, "session_without_info")]
    subject = subject_of(found, offset, session, Message(None, None, None, None))
    return [Skip(offset, "session_without_id")] if subject is None else [session_start(subject)]


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
