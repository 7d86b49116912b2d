"""Where Copilot Chat's records stand: their session, request, time and ids, shared by all events of a record."""

from typing import Any

import msgspec

from agentobs.adapters._milliseconds import moment
from agentobs.adapters._text import short_id
from agentobs.adapters._whole_document import Record, inside, text
from agentobs.events import EARLIEST, Event, Stamp, event_id

NAME = "copilot_chat"


class Session(msgspec.Struct):
    """What the records of one document share, and what is known so far."""

    session_id: str
    identity: str  # the session's id as it stands in the source, before redaction
    ts: int | None = None
    repeats: dict[tuple[str, str, int], int] = {}  # (request, native id, digest) -> how many records had it


class Request(msgspec.Struct):
    """What the records of one request share."""

    id: str = ""
    identity: str = ""
    at: Stamp | None = None
    model: str | None = None
    provider: str | None = None
    version: str | None = None
    parent: bytes | None = None


class Subject(msgspec.Struct):
    """A record and all that its events share."""

    record: Record
    offset: int
    session: Session
    request: Request
    native_id: str | None
    identity: tuple[str, ...]


def request_of(value: dict[str, Any], original: object) -> Request:
    """Return what a request says of all of its records; the model that a router chose wins over the router's name."""
    named = text(value.get("modelId"))
    provider, _, model = (named or "").rpartition("/")
    resolved = text(inside(value, "result", "metadata", "resolvedModel"))
    return Request(
        id=short_id(text(value.get("requestId"))) or "",
        identity=text(inside(original, "requestId")) or "",
        at=moment(value.get("timestamp")),
        model=short_id(resolved or model),
        provider=short_id(provider),
        version=short_id(text(inside(value, "agent", "extensionVersion"))),
    )


def subject_of(record: Record, offset: int, session: Session, request: Request, id_field: str) -> Subject:
    """Return a record with its identity: session, request, native id, content, and how often that came before."""
    native = text(record.original.get(id_field)) or ""
    key = (request.identity, native, record.digest)
    number = session.repeats.get(key, 0)
    session.repeats[key] = number + 1
    return Subject(
        record=record,
        offset=offset,
        session=session,
        request=request,
        native_id=short_id(text(record.value.get(id_field))),
        identity=(session.identity, request.identity, native, str(record.digest), str(number)),
    )


def begun(subject: Subject, part: int, kind: str, native_type: str, when: Stamp | None) -> Event:
    """Return an event of a record; without a time of its own it inherits the last one known."""
    session, request = subject.session, subject.request
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
        session_id=session.session_id,
        offset=subject.offset,
        part=part,
        digest=subject.record.digest,
        native_type=native_type,
        native_id=subject.native_id,
        parent_event_id=request.parent,
        agent_version=request.version,
        model=request.model,
        provider=request.provider,
        raw=subject.record.raw if part == 0 else None,
        sanitised=subject.record.sanitised,
    )
