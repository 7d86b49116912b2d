"""What all events of one Claude Code record share: session, time, identity, thread; and the memory they need."""

from functools import lru_cache

import msgspec
from msgspec import Raw

from agentobs.adapters._claude_records import Record, fields_of
from agentobs.adapters._text import short_id
from agentobs.events import EARLIEST, Event, event_id, is_uuid, parse_timestamp

NAME = "claude_code"

Call = tuple[str, str, str | None]
"""An open tool call: its event type, its tool, its file."""

CALLS = 512
PARENTS = 64
THREADS = 512
REPEATS = 256
_PARTS = tuple(str(part) for part in range(64))


class Memory(msgspec.Struct):
    """What a reader must know of the lines before; every part of it is bounded."""

    session_id: str | None = None
    ts: int | None = None
    calls: dict[str, Call] = {}  # tool_use id -> the call, until it is answered
    parents: dict[str, bytes] = {}  # uuid -> id of the record's last event
    threads: dict[str, str] = {}  # uuid of an old sidechain record -> uuid of its first
    repeats: dict[str, int] = {}  # of records without an id, since the time moved: how often each came


class Origin(msgspec.Struct):
    """What the events of one record have in common."""

    offset: int
    session_id: str
    ts: int
    ts_quality: str
    digest: int
    identity: tuple[str, ...]
    native_id: str | None
    parent: bytes | None
    thread_id: str | None
    is_sidechain: bool
    agent_version: str | None
    working_directory: str | None
    branch: str | None
    request_id: str | None
    raw: bytes | None
    sanitised: bool
    is_copy: bool = False
    prefix: str = ""

    def event(self, part: int, kind: str, native_type: str) -> Event:
        """Return an event of this record; the first one carries the record itself."""
        name = _PARTS[part] if part < 64 else str(part)
        made = Event(
            id=event_id(self.ts, NAME, *self.identity, name),
            ts=self.ts,
            type=kind,
            agent=NAME,
            session_id=self.session_id,
            offset=self.offset,
            digest=self.digest,
            ts_quality=self.ts_quality,
            part=part,
            native_type=self.prefix + native_type if self.prefix else native_type,
            native_id=self.native_id,
            parent_event_id=self.parent,
            thread_id=self.thread_id,
            is_sidechain=self.is_sidechain,
            is_copy=self.is_copy,
            agent_version=self.agent_version,
            working_directory=self.working_directory,
            branch=self.branch,
            request_id=self.request_id,
            raw=self.raw,
            sanitised=self.sanitised,
        )
        self.parent = made.id
        self.raw = None
        return made


def remember(known: dict, key: str, value: object, limit: int) -> None:
    """Keep the last `limit` entries, the oldest go."""
    if key in known:
        del known[key]
    elif len(known) >= limit:
        del known[next(iter(known))]
    known[key] = value


def time_of(record: Record, memory: Memory, line: bytes) -> tuple[int, str]:
    """Return the record's time and its quality; without one the last known time, `inherited`."""
    stamp = timestamp(record.timestamp) if record.timestamp else None
    if stamp is None and memory.ts is None and record.type == "file-history-snapshot":
        stamp = _time_of_snapshot(line)
    if stamp is None:
        return (EARLIEST, "none") if memory.ts is None else (memory.ts, "inherited")
    ts, quality = stamp
    if ts != memory.ts and quality != "clamped":
        memory.ts = ts
        if memory.repeats:
            memory.repeats = {}
    return stamp


def timestamp(text: str) -> tuple[int, str] | None:
    """Return what parse_timestamp does, without parsing the minute again and again."""
    if len(text) == 24 and text[23] == "Z" and text[19] == "." and text[16] == ":":
        digits = text[17:19] + text[20:23]
        if digits.isascii() and digits.isdecimal() and digits < "60":
            minute = _minute(text[:16])
            if minute is not None:
                return minute + int(digits) * 1000, "exact"
    return parse_timestamp(text)


def thread_of(record: Record, memory: Memory) -> str | None:
    """Return the subagent that wrote a record: its id, or in old files the first uuid of its chain."""
    if not record.is_sidechain:
        return None
    if record.agent_id:
        return short_id(record.agent_id)
    if not record.uuid:
        return None
    thread = memory.threads.get(record.parent_uuid or "") or short_id(record.uuid) or record.uuid
    remember(memory.threads, record.uuid, thread, THREADS)
    return thread


def identity_of(record: Record, session_id: str, digest: int, memory: Memory) -> tuple[str, ...]:
    """Return what makes a record itself, as texts to hash."""
    if record.uuid:
        return (record.uuid,) if is_uuid(record.uuid) else (record.uuid, session_id, str(digest))
    key = str(digest)
    occurrence = memory.repeats.get(key, 0)
    remember(memory.repeats, key, occurrence + 1, REPEATS)
    return (session_id, key, str(occurrence))


@lru_cache(maxsize=1024)
def _minute(text: str) -> int | None:
    stamp = parse_timestamp(text + ":00Z")
    return stamp.ts if stamp is not None and stamp.quality == "exact" else None


def _time_of_snapshot(line: bytes) -> tuple[int, str] | None:
    snapshot = fields_of(Raw(line)).get("snapshot")
    moment = snapshot.get("timestamp") if isinstance(snapshot, dict) else None
    return timestamp(moment) if isinstance(moment, str) else None
