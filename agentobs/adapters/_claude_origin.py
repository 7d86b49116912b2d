"""What all events of one Claude Code record share: session, time, identity, thread; and the memory they need."""

from functools import lru_cache

import msgspec
from msgspec import Raw

from agentobs.adapters._claude_records import Readable, Record, fields_of, original_digest, payload_digest
from agentobs.adapters._memory import remember
from agentobs.events import EARLIEST, Event, event_id, is_uuid, parse_timestamp

NAME = "claude_code"

When = tuple[int, str]
"""A time in microseconds, and its quality."""

Call = tuple[str, str, str | None]
"""An open tool call: its event type, its tool, its file."""

CALLS = 512
PARENTS = 64
THREADS = 512
REPEATS = 256


class Memory(msgspec.Struct):
    """What a reader must know of the lines before; every part of it is bounded."""

    session_id: str | None = None
    ts: int | None = None
    calls: dict[str, Call] = {}  # tool_use id -> the call, until it is answered
    parents: dict[str, bytes] = {}  # uuid -> id of the record's last event
    older_parents: dict[str, bytes] = {}  # those before; dropping one by one from a dict is slow
    threads: dict[str, str] = {}  # uuid of an old sidechain record -> uuid of its first
    forked_until: int | None = None  # the latest time of a record that a fork says it copied
    repeats: dict[str, int] = {}  # of records without an id, since the time moved: how often each came


_blank = Event(id=b"", ts=0, type="", agent=NAME, session_id="", offset=0, digest=0).__copy__  # pyright: ignore[reportAttributeAccessIssue]
"""A new event; copying and filling one takes half as long as making it from twenty arguments."""

_SECONDS = {f"{second:02d}.": second * 1_000_000 for second in range(60)}
_MILLISECONDS = {f"{milli:03d}Z": milli * 1000 for milli in range(1000)}


def begun(head: Event, part: int, kind: str, native_type: str) -> Event:
    """Return a part of a record as an event: the head itself for the first, one with the same origin for another."""
    event = head if part == 0 else _further(head, part)
    event.type = kind
    event.native_type = native_type
    return event


def _further(head: Event, part: int) -> Event:
    own = head.native_id if head.native_id and not head.is_copy and is_uuid(head.native_id) else head.id
    return Event(
        id=event_id(head.ts, NAME, own, str(part)),
        ts=head.ts,
        type=head.type,
        agent=NAME,
        session_id=head.session_id,
        offset=head.offset,
        digest=head.digest,
        ts_quality=head.ts_quality,
        part=part,
        native_id=head.native_id,
        parent_event_id=head.id,
        thread_id=head.thread_id,
        is_sidechain=head.is_sidechain,
        is_copy=head.is_copy,
        is_forked=head.is_forked,
        agent_version=head.agent_version,
        working_directory=head.working_directory,
        branch=head.branch,
        request_id=head.request_id,
        sanitised=head.sanitised,
    )


def remember_parent(memory: Memory, uuid: str, name: bytes) -> None:
    """Keep the last events for their children: at least PARENTS of them, at most twice as many."""
    if len(memory.parents) >= PARENTS:
        memory.older_parents, memory.parents = memory.parents, {}
    memory.parents[uuid] = name


def parent_of(memory: Memory, uuid: str | None) -> bytes | None:
    """Return the event of a parent record; None when there is none or it is too long ago."""
    if not uuid:
        return None
    return memory.parents.get(uuid) or memory.older_parents.get(uuid)


def time_of(record: Record, memory: Memory, line: bytes) -> When:
    """Return the record's time and its quality; without one the last known time, `inherited`."""
    stamp = timestamp(record.timestamp) if record.timestamp else None
    if stamp is None:
        if memory.ts is not None:
            return memory.ts, "inherited"
        stamp = _time_of_snapshot(line) if record.type == "file-history-snapshot" else None
        if stamp is None:
            return EARLIEST, "none"
    if stamp[0] != memory.ts and stamp[1] != "clamped":
        memory.ts = stamp[0]
        if memory.repeats:
            memory.repeats = {}
    return stamp


def timestamp(text: str) -> When | None:
    """Return what parse_timestamp does, without parsing the minute again and again."""
    second, milli = _SECONDS.get(text[17:20]), _MILLISECONDS.get(text[20:])
    if second is not None and milli is not None:
        minute = _minute(text[:17])
        if minute is not None:
            return minute + second + milli, "exact"
    return parse_timestamp(text)


def thread_of(record: Record, memory: Memory) -> str | None:
    """Return the subagent that wrote a record: its id, or in old files the first uuid of its chain."""
    if not record.is_sidechain:
        return None
    if record.agent_id or not record.uuid:
        return record.agent_id or None
    thread = memory.threads.get(record.parent_uuid or "", record.uuid)
    remember(memory.threads, record.uuid, thread, THREADS)
    return thread


def head_of(found: Readable, offset: int, original: bytes | None, memory: Memory, when: When) -> Event:
    """Return a record's first event, still empty; `original` is the line before redaction, if that changed it."""
    head = _blank()
    record, raw, sanitised = found
    ts, quality = when
    session_id = memory.session_id or ""
    head.ts, head.offset, head.session_id, head.raw = ts, offset, session_id, raw
    if quality != "exact":
        head.ts_quality = quality
    if sanitised:
        head.sanitised = True
    head.digest = digest = payload_digest(record, raw) if original is None else original_digest(original)
    uuid = record.uuid
    if uuid and is_uuid(uuid):
        head.id, head.native_id = event_id(ts, NAME, uuid, "0"), uuid
    else:
        head.id = event_id(ts, NAME, *_identity(record, session_id, digest, memory), "0")
        head.native_id = uuid or None
    if record.parent_uuid:
        head.parent_event_id = parent_of(memory, record.parent_uuid)
    head.agent_version = record.version or None
    head.working_directory = record.cwd or None
    head.branch = record.git_branch or None
    if record.request_id:
        head.request_id = record.request_id
    if record.forked_from or memory.forked_until is not None:
        head.is_forked = _is_forked(record, ts, memory)
    if record.is_sidechain:
        head.is_sidechain, head.thread_id = True, thread_of(record, memory)
    return head


def _is_forked(record: Record, ts: int, memory: Memory) -> bool:
    """Tell whether a fork copied the record: it is stamped, or as old as one that is (some stand there twice)."""
    if len(record.forked_from) > len("null"):
        memory.forked_until = max(memory.forked_until or 0, ts)
    return memory.forked_until is not None and ts <= memory.forked_until


def pass_on(record: Record, memory: Memory) -> None:
    """Let the children of a skipped record find its parent's event."""
    parent = parent_of(memory, record.parent_uuid)
    if record.uuid and parent is not None:
        remember_parent(memory, record.uuid, parent)
    if record.is_sidechain:
        thread_of(record, memory)


def _identity(record: Record, session_id: str, digest: int, memory: Memory) -> tuple[str, ...]:
    """Return what makes a record itself, as texts to hash."""
    if record.uuid:
        return (record.uuid, session_id, str(digest))
    key = str(digest)
    occurrence = memory.repeats.get(key, 0)
    remember(memory.repeats, key, occurrence + 1, REPEATS)
    return (session_id, key, str(occurrence))


@lru_cache(maxsize=1024)
def _minute(text: str) -> int | None:
    stamp = parse_timestamp(text + "00Z") if text[16] == ":" else None
    return stamp.ts if stamp is not None and stamp.quality == "exact" else None


def _time_of_snapshot(line: bytes) -> When | None:
    snapshot = fields_of(Raw(line)).get("snapshot")
    moment = snapshot.get("timestamp") if isinstance(snapshot, dict) else None
    return timestamp(moment) if isinstance(moment, str) else None
