"""Records of a mapped source as events: identity, time, and what is carried from one record to the next."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from agentobs.adapters._mapping_rules import Rule, fill
from agentobs.adapters._mapping_times import Clock
from agentobs.adapters._mapping_values import Expression, Scope
from agentobs.adapters._text import short_id
from agentobs.adapters._whole_document import Record, objects, read_document, record
from agentobs.events import EARLIEST, Event, EventType, Item, Line, Reject, Skip, Stamp, event_id, is_uuid

_CALLS, _REPEATS, _MOST_EVENTS = 2048, 4096, 2000
_HEAD_OF_REJECT = 65_536


class Memory(msgspec.Struct):
    """What later records need of earlier ones."""

    path: str = ""
    ts: int | None = None
    records: int = 0
    carried: dict[str, str] = msgspec.field(default_factory=dict)
    theirs: str = ""  # the session as the source has it: for identity only
    calls: dict[str, list[str | None]] = msgspec.field(default_factory=dict)  # id -> type, tool, path
    repeats: dict[str, int] = msgspec.field(default_factory=dict)


class Mapping(NamedTuple):
    """A mapping, compiled."""

    name: str
    rules: tuple[Rule, ...]
    unmatched: Rule
    time: Expression | None
    clock: Clock
    carry: tuple[str, ...]
    records: Expression | None


def line_item(mapping: Mapping, line: Line, memory: Memory) -> Iterator[Item]:
    """Yield what a line is."""
    offset, redacted, _ = line
    if not redacted.strip():
        yield Skip(offset, "blank")
        return
    found = read_document(line)
    if isinstance(found, str):
        yield Reject(offset, found, redacted[:_HEAD_OF_REJECT], size_bytes=len(redacted))
        return
    ((value, other),) = objects([found.value], [found.original])
    one = record(value, other, sanitised=found.sanitised)
    if isinstance(found.value, dict) and not found.sanitised:
        one.raw = redacted
    yield from _items(mapping, one, offset, None, None, memory)


def document_items(mapping: Mapping, line: Line, memory: Memory) -> Iterator[Item]:
    """Yield what the records of a document are."""
    _, redacted, _ = line
    found = read_document(line)
    if isinstance(found, str):
        yield Reject(0, found, redacted[:_HEAD_OF_REJECT], size_bytes=len(redacted))
        return
    memory = Memory(path=memory.path)  # a document is read whole, whatever was read of it before
    listed, theirs = found.value, found.original
    if mapping.records is not None:
        listed = mapping.records(Scope(listed, listed, listed, memory.path))
        theirs = mapping.records(Scope(theirs, theirs, theirs, memory.path))
    listed = listed if isinstance(listed, list) else [] if listed is None else [listed]
    theirs = theirs if isinstance(theirs, list) else [theirs]
    if not listed:
        yield Reject(0, "no records where the mapping says", redacted[:_HEAD_OF_REJECT], size_bytes=len(redacted))
    for place, (value, other) in enumerate(objects(listed, theirs)):
        one = record(value, other, sanitised=found.sanitised)
        yield from _items(mapping, one, place, found.value, found.original, memory)


def texts_of(mapping: Mapping, value: Any) -> list[str | None]:
    """Return the full text of each event of a record."""
    memory, scope = Memory(), Scope(value, value, None, "")
    found: list[str | None] = []
    for rule, one in _matches(mapping, scope):
        if rule.skip is None:
            blank = Event(id=b"", ts=0, type="", agent=mapping.name, session_id="", offset=0, digest=0)
            found.append(fill(blank, rule, one, memory.calls))
    return found


def _matches(mapping: Mapping, scope: Scope) -> list[tuple[Rule, Scope]]:
    found = [(rule, one) for rule in mapping.rules for one in rule.scopes(scope)]
    return found[:_MOST_EVENTS] or [(mapping.unmatched, scope)]


def _items(
    mapping: Mapping, one: Record, offset: int, document: Any, theirs: Any, memory: Memory
) -> Iterator[Event] | Iterator[Skip]:
    scope = Scope(one.value, one.value, document, memory.path)
    original = scope if one.value is one.original else Scope(one.original, one.original, theirs, memory.path)
    stamp = _time(mapping, original, memory)
    matches = _matches(mapping, scope)
    wanted = [(rule, place) for rule, place in matches if rule.skip is None]
    if not wanted:
        return iter([Skip(offset, next(rule.skip or "" for rule, _ in matches))])
    identity = _identity(mapping, wanted[0][0], original, one.digest, memory)
    return iter(_events(mapping, one, offset, wanted, stamp, identity, memory))


def _events(
    mapping: Mapping, one: Record, offset: int, wanted: list[tuple[Rule, Scope]], stamp: Stamp,
    identity: tuple[str, ...], memory: Memory,
) -> list[Event]:  # fmt: skip
    found: list[Event] = []
    for part, (rule, scope) in enumerate(wanted):
        event = Event(
            id=event_id(stamp.ts, mapping.name, *identity, str(part)),
            ts=stamp.ts,
            ts_quality=stamp.quality,
            type=EventType.UNKNOWN.value,
            agent=mapping.name,
            session_id="",
            offset=offset,
            digest=one.digest,
            part=part,
            native_id=_native(rule, scope),
            raw=one.raw if part == 0 else None,
            sanitised=one.sanitised,
        )
        fill(event, rule, scope, memory.calls)
        _carry(mapping, event, _session(mapping, rule, scope), memory)
        if event.usage is not None:
            key = event.usage_key
            event.usage_key = key if key and len(key) >= 20 else f"{event.session_id}:{key or event.id.hex()}"
        if event.tool_call_id is not None and event.type != EventType.TOOL_RESULT.value:
            _remember(memory.calls, event.tool_call_id, [event.type, event.tool_name, event.file_path], _CALLS)
        found.append(event)
    return found


def _carry(mapping: Mapping, event: Event, session: str | None, memory: Memory) -> None:
    carried = memory.carried
    if session is not None:
        if carried.get("session_id") not in (None, session):
            carried.clear()
        carried["session_id"] = session
    known = carried.get("session_id") if "session_id" in mapping.carry or session is not None else None
    event.session_id = known or f"{mapping.name}:unknown"
    for name in mapping.carry:
        if name == "session_id":
            continue
        value = getattr(event, name)
        if value is not None:
            carried[name] = value
        elif name in carried and (name not in ("model", "provider") or event.role == "assistant"):
            setattr(event, name, carried[name])


def _session(mapping: Mapping, rule: Rule, scope: Scope) -> str | None:
    found = rule.fields["session_id"](scope) if "session_id" in rule.fields else None
    if not isinstance(found, (str, int)) or isinstance(found, bool) or found == "":
        return None
    name = short_id(str(found)) or ""
    return name if is_uuid(name) else f"{mapping.name}:{name}"


def _native(rule: Rule, scope: Scope) -> str | None:
    found = rule.fields["native_id"](scope) if "native_id" in rule.fields else None
    return short_id(str(found)) if isinstance(found, (str, int)) and not isinstance(found, bool) else None


def _identity(mapping: Mapping, rule: Rule, original: Scope, digest: int, memory: Memory) -> tuple[str, ...]:
    """Return what makes a record what it is: its id and session, what it says, and which of equal ones it is."""
    session = _session(mapping, rule, original)
    if session is not None:
        memory.theirs = session
    native = _native(rule, original)
    if native is not None:
        return ("" if is_uuid(native) else memory.theirs, native, str(digest))
    key = f"{digest:x}"
    seen = memory.repeats.pop(key, 0)
    _remember(memory.repeats, key, seen + 1, _REPEATS)
    return (memory.theirs, "", str(digest), str(seen))


def _remember(known: dict[str, Any], key: str, value: Any, limit: int) -> None:
    """Keep the last `limit` entries, the oldest go."""
    known.pop(key, None)
    if len(known) >= limit:
        del known[next(iter(known))]
    known[key] = value


def _time(mapping: Mapping, original: Scope, memory: Memory) -> Stamp:
    memory.records += 1
    own = None if mapping.time is None else mapping.clock(mapping.time(original))
    if own is not None:
        if own.quality != "clamped":
            memory.ts = own.ts
        return own
    if memory.ts is not None:
        return Stamp(memory.ts, "inherited")
    return Stamp(EARLIEST + memory.records * 1000, "none")
