"""Events as JSON in the specification's camelCase (AgentEvent), both ways. `data` passes as raw bytes."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from agentobs.errors import SourceError
from agentobs.events.ids import content_digest, event_id, is_uuid
from agentobs.events.model import BASES, ROLES, SEVERITIES, STATUSES, Event, EventType, Usage
from agentobs.events.times import QUALITIES, parse_timestamp

ALIASES = {
    "tool_use": EventType.TOOL_INVOCATION,
    "file_modify": EventType.FILE_WRITE,
    "command_execution": EventType.COMMAND_EXECUTE,
}
NO_DATA = msgspec.Raw()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS = {**{kind.value: kind.value for kind in EventType}, **{alias: kind.value for alias, kind in ALIASES.items()}}
_UNKNOWN = EventType.UNKNOWN.value

Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]  # more is no count of anything; and JavaScript's numbers end
Whole = Annotated[int, msgspec.Meta(ge=-(1 << 53), le=1 << 53)]
Part = Annotated[int, msgspec.Meta(ge=0, le=32_767)]
Name = Annotated[str, msgspec.Meta(min_length=1)]


def _camel(name: str) -> str:
    """cache_write_5m_tokens -> cacheWrite5mTokens"""
    first, *rest = name.split("_")
    return first + "".join(word[0].upper() + word[1:] for word in rest)


class WireUsage(msgspec.Struct, rename=_camel, omit_defaults=True, frozen=True):
    """Usage, field by field."""

    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cache_read_tokens: Count | None = None
    cache_write_5m_tokens: Count | None = None
    cache_write_1h_tokens: Count | None = None
    reasoning_tokens: Count | None = None
    web_search_requests: Count | None = None
    service_tier: str | None = None
    speed: str | None = None
    inference_geo: str | None = None


class WireMetrics(msgspec.Struct, rename=_camel, omit_defaults=True):
    """What was measured. `cost_usd` is what the agent says it paid, never our price."""

    duration_ms: float | None = None
    exit_code: Whole | None = None
    lines_added: Count | None = None
    lines_removed: Count | None = None
    file_size: Count | None = None
    cost_usd: float | None = None
    usage: WireUsage | None = None
    usage_key: str | None = None
    request_id: str | None = None
    basis: str | None = None


class WireContext(msgspec.Struct, rename=_camel, omit_defaults=True):
    """Where and in what it happened, and how the record stood in its source."""

    timestamp_quality: str | None = None
    root_session_id: str | None = None
    subagent: str | None = None
    is_sidechain: bool = False
    is_copy: bool = False
    is_forked: bool = False
    sanitised: bool = False
    working_directory: str | None = None
    file_path: str | None = None
    branch: str | None = None
    commit: str | None = None
    repository: str | None = None
    machine: str | None = None
    workspace: str | None = None
    model: str | None = None
    provider: str | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None
    call_type: str | None = None
    role: str | None = None
    status: str | None = None
    summary: str | None = None
    native_type: str | None = None
    native_id: str | None = None
    offset: Count = 0
    sequence: Count = 0
    part: Part = 0
    digest: str | None = None  # hexadecimal: JavaScript's numbers end at 53 bits


class AgentEvent(msgspec.Struct, rename=_camel, omit_defaults=True):
    """One event as it travels."""

    timestamp: str
    type: str
    agent_id: Name
    session_id: Name
    id: str | None = None
    agent_version: str | None = None
    project_id: str | None = None
    parent_event_id: str | None = None
    context: WireContext = msgspec.field(default_factory=WireContext)
    data: msgspec.Raw = NO_DATA
    metrics: WireMetrics = msgspec.field(default_factory=WireMetrics)
    tags: list[str] = msgspec.field(default_factory=list)
    severity: str = "info"


_SAME = (
    "root_session_id", "is_sidechain", "is_copy", "is_forked", "sanitised", "working_directory", "file_path", "branch",
    "commit", "repository", "machine", "workspace", "model", "provider", "tool_name", "tool_call_id", "call_type",
    "role", "status", "summary", "native_type", "native_id", "offset", "part",
)  # fmt: skip
_MEASURED = ("duration_ms", "exit_code", "lines_added", "lines_removed", "usage_key", "request_id", "basis")
_UNMEASURED = WireMetrics()
_blank = Event(id=b"", ts=0, type="", agent="", session_id="", offset=0, digest=0)
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(AgentEvent)


def encode(event: Event, project: str | None = None) -> bytes:
    """Return the event as JSON; what the source did not say is left out. Its raw record does not travel."""
    context = WireContext(**{name: getattr(event, name) for name in _SAME})
    context.timestamp_quality = None if event.ts_quality == "exact" else event.ts_quality
    context.subagent, context.sequence, context.digest = event.thread_id, event.seq, f"{event.digest:x}"
    metrics = WireMetrics(**{name: getattr(event, name) for name in _MEASURED})
    metrics.file_size, metrics.cost_usd = event.file_size_bytes, event.reported_cost_usd
    if event.usage is not None:
        metrics.usage = WireUsage(**msgspec.structs.asdict(event.usage))
    wire = AgentEvent(
        timestamp=_text(event.ts),
        type=event.type,
        agent_id=event.agent,
        session_id=event.session_id,
        id=str(UUID(bytes=event.id)),
        agent_version=event.agent_version,
        project_id=project,
        parent_event_id=None if event.parent_event_id is None else str(UUID(bytes=event.parent_event_id)),
        context=context,
        data=NO_DATA if event.data is None else msgspec.Raw(event.data),
        metrics=metrics,
        tags=list(event.tags),
        severity=event.severity,
    )
    return _encoder.encode(wire)


def decode(body: bytes, zone: str = "UTC") -> Event:
    """Return the event that a JSON object says; `projectId` is the door's business (`decode_wire` shows it).

    An id of ours is kept; any other one, or none, gives a deterministic id. Aliases of types are taken, an unknown type
    becomes an `unknown` event. Raises SourceError saying what is wrong, and where in the object.
    """
    return event_of(decode_wire(body), body, zone)


def decode_wire(body: bytes) -> AgentEvent:
    """Return the object as it travels; raise SourceError when it is none."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"no AgentEvent: {error}") from error


def event_of(wire: AgentEvent, body: bytes, zone: str = "UTC", occurrence: int = 0) -> Event:
    """Return the event that a decoded object says; `body` gives it an identity where it has none.

    `occurrence` tells apart equal bodies of one source that have no id: how many came before.
    """
    when = parse_timestamp(wire.timestamp, zone)
    if when is None:
        raise SourceError(f"timestamp {wire.timestamp[:40]!r} is no time; write one like 2026-03-09T14:00:00Z")
    own = _bytes(wire.id)
    event: Event = _blank.__copy__()  # pyright: ignore[reportAttributeAccessIssue] half the time of giving all fields
    event.id = _id(wire, own, when.ts, body, occurrence)
    event.ts, event.ts_quality = when.ts, when.quality
    event.type = _KINDS.get(wire.type, _UNKNOWN)
    event.agent, event.agent_version, event.session_id = wire.agent_id, wire.agent_version, wire.session_id
    event.severity = _known(wire.severity, SEVERITIES, "severity") or "info"
    event.data = _object(wire.data)
    event.digest = _digest(wire.context.digest, body)
    if wire.parent_event_id is not None:
        event.parent_event_id = _parent(wire.parent_event_id)
    if wire.tags:
        event.tags = tuple(wire.tags)
    _place(event, wire.context)
    if event.native_type is None and event.type is _UNKNOWN and wire.type != _UNKNOWN:
        event.native_type = wire.type
    if event.native_id is None and wire.id and event.id != own:
        event.native_id = wire.id
    if wire.metrics != _UNMEASURED:
        _measure(event, wire.metrics)
    return event


def _place(event: Event, context: WireContext) -> None:
    """Take over where and in what it happened; the fields are those of _SAME."""
    quality = _known(context.timestamp_quality, QUALITIES, "context.timestampQuality")
    if quality is not None and event.ts_quality != "clamped":
        event.ts_quality = quality
    event.status = _known(context.status, STATUSES, "context.status")
    event.role = _known(context.role, ROLES, "context.role")
    event.offset, event.part, event.seq = context.offset, context.part, context.sequence
    event.root_session_id, event.thread_id = context.root_session_id, context.subagent
    event.is_sidechain, event.is_copy, event.is_forked = context.is_sidechain, context.is_copy, context.is_forked
    event.sanitised = context.sanitised
    event.working_directory, event.file_path = context.working_directory, context.file_path
    event.branch, event.commit, event.repository = context.branch, context.commit, context.repository
    event.machine, event.workspace = context.machine, context.workspace
    event.model, event.provider = context.model, context.provider
    event.tool_name, event.tool_call_id, event.call_type = context.tool_name, context.tool_call_id, context.call_type
    event.summary, event.native_type, event.native_id = context.summary, context.native_type, context.native_id


def _measure(event: Event, metrics: WireMetrics) -> None:
    """Take over what was measured; the fields are those of _MEASURED."""
    event.usage = None if metrics.usage is None else _usage(metrics.usage)
    event.usage_key, event.request_id = metrics.usage_key, metrics.request_id
    event.basis = _known(metrics.basis, BASES, "metrics.basis")
    event.reported_cost_usd, event.duration_ms = metrics.cost_usd, metrics.duration_ms
    event.exit_code, event.file_size_bytes = metrics.exit_code, metrics.file_size
    event.lines_added, event.lines_removed = metrics.lines_added, metrics.lines_removed


def _usage(usage: WireUsage) -> Usage:
    return Usage(
        usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.cache_write_5m_tokens,
        usage.cache_write_1h_tokens, usage.reasoning_tokens, usage.web_search_requests, usage.service_tier,
        usage.speed, usage.inference_geo,
    )  # fmt: skip


def _id(wire: AgentEvent, native: bytes | None, ts: int, body: bytes, occurrence: int) -> bytes:
    """Ours implies its time; others' ids are hashed with it, so that the same one gives the same event."""
    if native is not None and native[6] >> 4 == 8 and int.from_bytes(native[:6], "big") == ts // 1000:
        return native
    if native is not None:
        return event_id(ts, wire.agent_id, str(wire.id).lower())
    if wire.id:
        return event_id(ts, wire.agent_id, wire.session_id, wire.id)
    again = (str(occurrence),) if occurrence else ()
    return event_id(ts, wire.agent_id, wire.session_id, body, *again)


def _bytes(text: str | None) -> bytes | None:
    return bytes.fromhex(text.replace("-", "")) if text is not None and is_uuid(text) else None


def _parent(text: str | None) -> bytes | None:
    parent = _bytes(text)
    if text is not None and parent is None:
        raise SourceError(f"parentEventId {text[:40]!r} is no uuid")
    return parent


def _digest(text: str | None, body: bytes) -> int:
    if text is None:
        return content_digest(body)
    try:
        digest = int(text, 16)
    except ValueError as error:
        raise SourceError(f"context.digest {text[:40]!r} is not hexadecimal") from error
    if not 0 <= digest < 1 << 63:
        raise SourceError(f"context.digest {text[:40]!r} is not in [0, 2^63)")
    return digest


def _object(data: msgspec.Raw) -> bytes | None:
    value = bytes(data)
    if value in {b"", b"null"}:
        return None
    if not value.startswith(b"{"):
        raise SourceError(f"data must be an object, not {value[:40]!r}")
    return value


def _known(value: str | None, allowed: tuple[str, ...], where: str) -> str | None:
    if value is not None and value not in allowed:
        raise SourceError(f"{where} {value[:40]!r} is none of {', '.join(allowed)}")
    return value


def _text(ts: int) -> str:
    return (_EPOCH + timedelta(microseconds=ts)).isoformat(timespec="microseconds").replace("+00:00", "Z")
