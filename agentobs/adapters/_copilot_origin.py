"""What all events of one Copilot CLI record share: session, time, identity, thread; and the memory they need."""

import msgspec

from agentobs.adapters._copilot_tools import Call
from agentobs.adapters._copilot_usage import Counted
from agentobs.adapters._memory import remember
from agentobs.adapters._objects import Fields, Object, canonical, inner, named, read_object, text
from agentobs.adapters._text import clip
from agentobs.events import (
    EARLIEST,
    Event,
    EventType,
    Stamp,
    content_digest,
    event_id,
    is_uuid,
    parse_timestamp,
)

NAME = "copilot_cli"

CALLS = 512
PARENTS = 128
_REPEATS = 256


class Memory(msgspec.Struct):
    """What a reader must know of the lines before; every part of it is bounded."""

    session_id: str | None = None
    version: str | None = None
    working_directory: str | None = None
    branch: str | None = None
    commit: str | None = None
    model: str | None = None
    ts: int | None = None
    calls: dict[str, Call] = {}  # tool call id -> the call, until it is answered
    parents: dict[str, bytes] = {}  # native id -> its event, or that of its parent if it has none
    repeats: dict[str, int] = {}  # of records without an id: how often each came
    counted: Counted = msgspec.field(default_factory=Counted)


def remember_session(data: Fields, memory: Memory) -> None:
    session, context = named(data, "sessionId"), inner(data, "context")
    if session is not None:
        memory.session_id = session if is_uuid(session) else f"{NAME}:{session}"
    memory.version = named(data, "copilotVersion") or memory.version
    memory.working_directory = clip(text(context, "cwd"), 4096) or memory.working_directory
    memory.branch = named(context, "branch") or memory.branch
    memory.commit = named(context, "headCommit") or memory.commit
    memory.model = named(data, "selectedModel") or memory.model


def time_of(fields: Fields, memory: Memory) -> Stamp:
    stamp = parse_timestamp(text(fields, "timestamp") or "")
    if stamp is None:
        return Stamp(EARLIEST, "none") if memory.ts is None else Stamp(memory.ts, "inherited")
    if stamp.quality != "clamped":
        memory.ts = stamp.ts
    return stamp


def head_of(found: Object, offset: int, original: bytes | None, memory: Memory, stamp: Stamp) -> Event:
    """Return a record's event with what all kinds share."""
    fields, session = found.fields, memory.session_id or ""
    data, native = inner(fields, "data"), named(fields, "id")
    digest = _digest(found if original is None else read_object(original), found)
    thread = named(data, "parentToolCallId") or named(fields, "agentId")
    return Event(
        id=event_id(stamp.ts, NAME, *_identity(native, session, digest, memory), "0"),
        ts=stamp.ts,
        ts_quality=stamp.quality,
        type=EventType.UNKNOWN.value,
        agent=NAME,
        session_id=session,
        offset=offset,
        digest=digest,
        native_id=native,
        parent_event_id=memory.parents.get(named(fields, "parentId") or ""),
        thread_id=thread,
        is_sidechain=thread is not None,
        agent_version=memory.version,
        working_directory=memory.working_directory,
        branch=memory.branch,
        commit=memory.commit,
        raw=found.raw,
        sanitised=found.sanitised,
    )


def _digest(read: Object | str, otherwise: Object) -> int:
    fields = read.fields if isinstance(read, Object) else otherwise.fields
    return content_digest(canonical({"type": fields.get("type"), "data": fields.get("data")}))


def _identity(native: str | None, session: str, digest: int, memory: Memory) -> tuple[str, ...]:
    if native is not None:
        return (native,) if is_uuid(native) else (native, session, str(digest))
    key = str(digest)
    occurrence = memory.repeats.get(key, 0)
    remember(memory.repeats, key, occurrence + 1, _REPEATS)
    return (session, key, str(occurrence))
