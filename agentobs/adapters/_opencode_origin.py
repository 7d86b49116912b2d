"""Where opencode's records stand: their session, time and ids, shared by all events of a record."""

from typing import Any

import msgspec

from agentobs.adapters._milliseconds import moment
from agentobs.adapters._text import clip, short_id
from agentobs.adapters._whole_document import Record, inside, text
from agentobs.events import EARLIEST, Event, Stamp, event_id

NAME = "opencode"
PATH_LENGTH = 4096


class Session(msgspec.Struct):
    """What the records of one document share, and what is known so far."""

    session_id: str | None
    root_session_id: str | None = None
    version: str | None = None
    directory: str | None = None
    ts: int | None = None
    repeats: dict[int, int] = {}  # digest -> how many records without an id had it
    firsts: dict[str, bytes] = {}  # message id -> its first event


class Message(msgspec.Struct):
    """What the parts of one message share."""

    id: str | None
    role: str | None
    created: Stamp | None
    completed: Stamp | None
    model: str | None = None
    provider: str | None = None
    directory: str | None = None
    first_step: dict[str, Any] | None = None  # its first step-finish part
    step: int = 0  # how many of them have been read
    prompted: bool = False


class Subject(msgspec.Struct):
    """A record and all that its events share."""

    record: Record
    offset: int
    session: Session
    message: Message
    session_id: str
    native_id: str | None
    identity: tuple[str, ...]
    parent: bytes | None = None


def message_of(info: dict[str, Any], parts: list[dict[str, Any]]) -> Message:
    """Return what a message says of its parts."""
    return Message(
        id=short_id(text(info.get("id"))),
        role=text(info.get("role")),
        created=moment(inside(info, "time", "created")),
        completed=moment(inside(info, "time", "completed")),
        model=short_id(text(info.get("modelID"))),
        provider=short_id(text(info.get("providerID"))),
        directory=clip(text(inside(info, "path", "cwd")), PATH_LENGTH),
        first_step=next((part for part in parts if part.get("type") == "step-finish"), None),
    )


def subject_of(record: Record, offset: int, session: Session, message: Message) -> Subject | None:
    """Return a record with its identity; None when it belongs to no session."""
    session_id = short_id(text(record.value.get("sessionID"))) or session.session_id
    if session_id is None:
        return None
    native = text(record.original.get("id"))
    owner = text(record.original.get("sessionID")) or ""
    occurrence = ""
    if native is None:
        number = session.repeats.get(record.digest, 0)
        session.repeats[record.digest] = number + 1
        occurrence = str(number)
    return Subject(
        record=record,
        offset=offset,
        session=session,
        message=message,
        session_id=session_id,
        native_id=short_id(text(record.value.get("id"))),
        identity=(owner, native or "", str(record.digest), occurrence),
    )


def begun(subject: Subject, part: int, kind: str, native_type: str, when: Stamp | None) -> Event:
    """Return an event of a record; without a time of its own it inherits the last one known."""
    session, message = subject.session, subject.message
    if when is None:
        when = Stamp(EARLIEST, "none") if session.ts is None else Stamp(session.ts, "inherited")
    elif when.quality == "exact":
        session.ts = when.ts
    return Event(
        id=event_id(when.ts, NAME, *subject.identity, str(part)),
        ts=when.ts,
        ts_quality=when.quality,
        type=kind,
        agent=NAME,
        session_id=subject.session_id,
        root_session_id=session.root_session_id,
        offset=subject.offset,
        part=part,
        digest=subject.record.digest,
        native_type=native_type,
        native_id=subject.native_id,
        parent_event_id=subject.parent,
        agent_version=session.version,
        working_directory=message.directory or session.directory,
        model=message.model,
        provider=message.provider,
        raw=subject.record.raw if part == 0 else None,
        sanitised=subject.record.sanitised,
    )
