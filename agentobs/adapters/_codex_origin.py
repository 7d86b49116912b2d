"""What all events of one Codex record share: its session, time and identity; and the memory that takes.

A forked session and a subagent's session may begin with a copy of the history of the session they come from: their own
`session_meta`, mostly the other's, then its records, with their own times or with the time of copying. Such records
belong to the other session, as copies. Their end shows in the first turn whose id (a UUIDv7) is younger than the own
session; where turns have no such ids, in the first record later than the burst of copying. The time of copying is no
time of the session that is copied: its `ts_quality` is `none`.
"""

import msgspec
from msgspec import Raw

from agentobs.adapters._memory import remember
from agentobs.adapters._objects import Fields, Object, inner, named, text
from agentobs.events import EARLIEST, Event, content_digest, event_id, is_uuid, parse_timestamp

NAME = "codex"
CALLS = 512
SESSIONS = 16
REPEATS = 256
BURST = 5_000_000  # microseconds: what is written later than this after the own session_meta is no copied history

_BARE_ITEMS = frozenset(
    "message reasoning function_call function_call_output local_shell_call custom_tool_call custom_tool_call_output"
    " web_search_call tool_call tool_result function_result".split()
)


class Session(msgspec.Struct):
    """One session whose records stand in the file."""

    id: str
    native: str
    start: int  # microseconds: when it was created, by its id or its session_meta
    written: int  # microseconds: when its session_meta was written into this file
    root: str | None = None
    human: bool = True  # a person speaks in it; in a subagent's session another agent does
    version: str | None = None
    cwd: str | None = None
    branch: str | None = None
    repository: str | None = None
    provider: str | None = None


class Call(msgspec.Struct):
    """An open tool call: what its result must know of it."""

    type: str
    tool: str | None = None
    path: str | None = None
    added: int | None = None
    removed: int | None = None


class Memory(msgspec.Struct):
    """What a reader must know of the lines before; every part of it is bounded."""

    sessions: list[Session] = []  # the file's own first, then those whose copied history is being read
    ts: int | None = None
    model: str | None = None
    effort: str | None = None
    approval: str | None = None
    has_turn_ids: bool = False  # the copied history has turns with ids that tell its end
    total: list[int | None] | None = None  # the last running total of tokens
    counted: list[int] | None = None  # the last response counted by token_count, until its token_usage_record comes
    recorded: list[int] | None = None  # the last one counted by token_usage_record, until its token_count comes
    prompt: str | None = None  # kind and digest of the last prompt, until somebody answers
    calls: dict[str, Call] = {}
    ended: dict[str, int] = {}  # calls whose result was read: how often
    searches: dict[str, str] = {}  # digest of a web search's action -> the id that its end event gave it
    repeats: dict[str, int] = {}  # since the time moved: how often each record came


class _Envelope(msgspec.Struct):
    type: Raw = Raw()
    payload: Raw = Raw()


_envelope = msgspec.json.Decoder(_Envelope).decode
_blank: Event = Event(id=b"", ts=0, type="", agent=NAME, session_id="", offset=0, digest=0)


class Entry(msgspec.Struct):
    """One record, whichever form it has: its kind and what it carries."""

    kind: str  # session_meta | turn_context | response_item | event_msg | compacted | ...
    payload: Fields
    time: str | None
    own: bool = False  # of the file's own session, whatever history follows
    bare: bool = False  # without an envelope, as the first versions wrote them


def entry_of(fields: Fields) -> Entry:
    """Return the kind and payload of a record; the older bare forms have no envelope around them."""
    kind, payload = text(fields, "type"), fields.get("payload")
    time = text(fields, "timestamp", "created_at")
    if isinstance(payload, dict):
        return Entry(kind or "untyped", payload, time)
    if kind in _BARE_ITEMS or (kind is None and isinstance(fields.get("role"), str)):
        return Entry("response_item", fields if kind else {"type": "message", **fields}, time, bare=True)
    if kind is None and time is not None and isinstance(fields.get("id"), str) and "thread_name" not in fields:
        return Entry("session_meta", fields, time)
    if kind is None and "record_type" in fields:
        return Entry(f"record/{named(fields, 'record_type') or 'untyped'}", fields, time)
    return Entry(kind or "untyped", fields, time)


def time_of(entry: Entry, memory: Memory) -> tuple[int, str]:
    """Return the record's time and its quality; without one the last known time, `inherited`."""
    stamp = parse_timestamp(entry.time) if entry.time else None
    if stamp is None:
        return (EARLIEST, "none") if memory.ts is None else (memory.ts, "inherited")
    if stamp.quality != "clamped" and stamp.ts != memory.ts:
        memory.ts, memory.repeats = stamp.ts, {}
    return stamp


def session_id_of(native: str) -> str:
    """Return a native id as a session id that no other agent has."""
    return native if is_uuid(native) else f"{NAME}:{native}"


def enter(memory: Memory, payload: Fields, ts: int) -> str:
    """Take a session_meta in; return what it is: started, resumed, or copied (another session's history begins)."""
    native = named(payload, "id", "session_id") or f"untitled-{ts}"
    session = _session(payload, native, ts)
    for place, known in enumerate(memory.sessions):
        if known.native == native:
            if place:
                memory.sessions[place] = session
            return "copied" if place else "resumed"
    own = memory.sessions[0] if memory.sessions else None
    if own is None or own.native.startswith("file-") or session.start > own.start:
        memory.sessions, memory.has_turn_ids = [session], False
        memory.model = memory.effort = memory.approval = memory.total = memory.counted = memory.recorded = None
        origin = named(payload, "forked_from_id") or parent_of(payload)
        if origin is not None and origin != native:  # its history may follow without its session_meta
            memory.sessions.append(Session(session_id_of(origin), origin, 0, ts))
        return "started"
    if len(memory.sessions) < SESSIONS:
        memory.sessions.append(session)
    return "copied"


def leave(memory: Memory, payload: Fields, ts: int) -> None:
    """Drop the sessions whose copied history ends before this record."""
    turn = _time_of_id(text(payload, "turn_id"))
    memory.has_turn_ids = memory.has_turn_ids or turn is not None
    while len(memory.sessions) > 1:
        outer = memory.sessions[-2]
        late = not memory.has_turn_ids and ts >= max(outer.start, outer.written + BURST)
        if not (late if turn is None else turn >= outer.start):
            return
        memory.sessions.pop()
        memory.model = memory.effort = memory.approval = None  # those of another session's turns


def head_of(found: Object, entry: Entry, when: tuple[int, str], place: tuple[int, bytes], memory: Memory) -> Event:
    """Return a record's first event, still empty; `place` is its offset and the line as it stands in the source."""
    offset, original = place
    ts, quality = when
    digest = _digest(original)
    if not memory.sessions:
        native = f"file-{digest:016x}"  # a file without a session_meta is a session named after its first record
        memory.sessions = [Session(session_id_of(native), native, ts, ts)]
    session = memory.sessions[0 if entry.own else -1]
    event = _blank.__copy__()  # pyright: ignore[reportAttributeAccessIssue]
    event.ts, event.ts_quality, event.offset, event.digest = ts, quality, offset, digest
    event.id = event_id(ts, NAME, session.id, str(digest), str(_occurrence(memory, f"{digest}")), "0")
    event.session_id, event.root_session_id = session.id, session.root
    event.raw, event.sanitised = found.raw, found.sanitised
    event.agent_version, event.working_directory = session.version, session.cwd
    event.branch, event.repository, event.provider = session.branch, session.repository, session.provider
    event.native_id = named(entry.payload, "id") if entry.kind == "response_item" else None
    if session is not memory.sessions[0]:
        event.is_copy = event.is_forked = True
        if ts >= memory.sessions[0].start:
            event.ts_quality = "none"  # the time of copying, not of what happened
    return event


def begun(head: Event, part: int, kind: str, native_type: str) -> Event:
    """Return a part of a record as an event: the head itself for the first, one with the same origin for another."""
    event = head
    if part:
        event = head.__copy__()  # pyright: ignore[reportAttributeAccessIssue]
        event.id, event.part = event_id(head.ts, NAME, head.id, str(part)), part
        event.parent_event_id, event.raw = head.id, None
    event.type, event.native_type = kind, native_type
    return event


def parent_of(payload: Fields) -> str | None:
    """Return the session that started this one as its subagent."""
    spawned = inner(payload, "source", "subagent", "thread_spawn")
    return named(payload, "parent_thread_id") or named(spawned, "parent_thread_id")


def _session(payload: Fields, native: str, ts: int) -> Session:
    made = _time_of_id(native)
    if made is None:
        stamp = parse_timestamp(text(payload, "timestamp") or "")
        made = stamp.ts if stamp is not None and stamp.quality != "clamped" else ts
    parent, tree = parent_of(payload), named(payload, "session_id")
    root = None
    if parent is not None and parent != native:
        root = session_id_of(tree if tree is not None and tree != native else parent)
    git = inner(payload, "git")
    return Session(
        id=session_id_of(native),
        native=native,
        start=made,
        written=ts,
        root=root,
        human=parent is None and not inner(payload, "source").get("subagent"),
        version=named(payload, "cli_version"),
        cwd=_path(payload),
        branch=named(git, "branch"),
        repository=named(git, "repository_url"),
        provider=named(payload, "model_provider"),
    )


def _path(payload: Fields) -> str | None:
    path = text(payload, "cwd")
    return path if path is not None and len(path) <= 4096 else None


def _time_of_id(native: str | None) -> int | None:
    """Return the microseconds that a UUIDv7 begins with."""
    if native is None or not is_uuid(native) or native[14] != "7":
        return None
    return int(native[:8] + native[9:13], 16) * 1000


def _occurrence(memory: Memory, key: str) -> int:
    count = memory.repeats.get(key, 0)
    remember(memory.repeats, key, count + 1, REPEATS)
    return count


def _digest(original: bytes) -> int:
    """Return the digest of what a line carries, without the time and place of writing it."""
    try:
        found = _envelope(original)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return content_digest(original)
    return content_digest(bytes(found.type), bytes(found.payload)) if found.payload else content_digest(original)
