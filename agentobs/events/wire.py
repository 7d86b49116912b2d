"""Events as JSON in the specification's camelCase (AgentEvent), both ways. `data` passes as raw bytes."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from agentobs.errors import SourceError
from agentobs.events.ids import content_digest, event_id, is_uuid
from agentobs.events.model import SEVERITIES, STATUSES, Event, EventType, Usage
from agentobs.events.times import QUALITIES, parse_timestamp

ALIASES = {
    "tool_use": EventType.TOOL_INVOCATION,
    "file_modify": EventType.FILE_WRITE,
    "command_execution": EventType.COMMAND_EXECUTE,
}
NO_DATA = msgspec.Raw()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TYPES = frozenset(EventType)


def _camel(name: str) -> str:
    """cache_write_5m_tokens -> cacheWrite5mTokens"""
    first, *rest = name.split("_")
    return first + "".join(word[0].upper() + word[1:] for word in rest)


class WireUsage(msgspec.Struct, rename=_camel, omit_defaults=True, frozen=True):
    """Usage, field by field."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_5m_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None
    web_search_requests: int | None = None
    service_tier: str | None = None
    speed: str | None = None
    inference_geo: str | None = None


class WireMetrics(msgspec.Struct, rename=_camel, omit_defaults=True):
    """What was measured. `cost_usd` is what the agent says it paid, never our price."""

    duration_ms: float | None = None
    exit_code: int | None = None
    lines_added: int | None = None
    lines_removed: int | None = None
    file_size: int | None = None
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
    offset: int = 0
    sequence: int = 0
    part: int = 0
    digest: str | None = None  # hexadecimal: JavaScript's numbers end at 53 bits


class AgentEvent(msgspec.Struct, rename=_camel, omit_defaults=True):
    """One event as it travels."""

    timestamp: str
    type: str
    agent_id: str
    session_id: str
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
    "root_session_id", "is_sidechain", "is_copy", "sanitised", "working_directory", "file_path", "branch", "commit",
    "repository", "machine", "workspace", "model", "provider", "tool_name", "tool_call_id", "call_type", "role",
    "status", "summary", "native_type", "native_id", "offset", "part",
)  # fmt: skip
_MEASURED = ("duration_ms", "exit_code", "lines_added", "lines_removed", "usage_key", "request_id", "basis")
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


def event_of(wire: AgentEvent, body: bytes, zone: str = "UTC") -> Event:
    """Return the event that a decoded object says; `body` gives it an identity where it has none."""
    when = parse_timestamp(wire.timestamp, zone)
    if when is None:
        raise SourceError(f"timestamp {wire.timestamp[:40]!r} is no time; write one like 2026-03-09T14:00:00Z")
    _known(wire.severity, SEVERITIES, "severity")
    _known(wire.context.status, STATUSES, "context.status")
    quality = _known(wire.context.timestamp_quality, QUALITIES, "context.timestampQuality") or when.quality
    context, metrics = wire.context, wire.metrics
    digest = _digest(context.digest, body)
    kind = ALIASES.get(wire.type, wire.type if wire.type in _TYPES else EventType.UNKNOWN)
    event = Event(
        id=_id(wire, when.ts, body),
        ts=when.ts,
        type=str(kind),
        agent=wire.agent_id,
        session_id=wire.session_id,
        digest=digest,
        ts_quality=quality,
        seq=context.sequence,
        severity=wire.severity,
        parent_event_id=_parent(wire.parent_event_id),
        thread_id=context.subagent,
        agent_version=wire.agent_version,
        usage=None if metrics.usage is None else Usage(**msgspec.structs.asdict(metrics.usage)),
        reported_cost_usd=metrics.cost_usd,
        file_size_bytes=metrics.file_size,
        data=_object(wire.data),
        tags=tuple(wire.tags),
        **{name: getattr(context, name) for name in _SAME},
        **{name: getattr(metrics, name) for name in _MEASURED},
    )
    if kind is EventType.UNKNOWN and event.native_type is None and wire.type != kind:
        event.native_type = wire.type
    if wire.id is not None and event.native_id is None and event.id != _bytes(wire.id):
        event.native_id = wire.id
    return event


def _id(wire: AgentEvent, ts: int, body: bytes) -> bytes:
    """Ours implies its time; others' ids are hashed with it, so that the same one gives the same event."""
    native = _bytes(wire.id)
    if native is not None and native[6] >> 4 == 8 and int.from_bytes(native[:6], "big") == ts // 1000:
        return native
    if native is not None:
        return event_id(ts, wire.agent_id, str(wire.id).lower())
    return event_id(ts, wire.agent_id, wire.session_id, wire.id if wire.id is not None else body)


def _bytes(text: str | None) -> bytes | None:
    return UUID(text).bytes if text is not None and is_uuid(text) else None


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
