"""Data points of metrics as events: the one that says of a session what nothing else does.

claude_code.active_time.total    context_switch whose duration is how long a person typed, or the agent worked
all others                       skipped: they count what responses and calls are counted by
"""

from typing import Any

from agentobs.adapters._otel_identity import WITH_FILES, Identity, agent_of, said_session
from agentobs.adapters._otel_lenient import attributes_of, nanoseconds
from agentobs.adapters._otel_records import Origin, Point, number_of, text_of
from agentobs.adapters._otel_spans import NAME, Piece
from agentobs.adapters._otel_state import Memory, remember, session_of
from agentobs.adapters._text import clip, one_line, small_json
from agentobs.adapters._whole_document import encode
from agentobs.events import Event, EventType, content_digest, event_id, stamp

SLOTS = 1
ACTIVE_TIME = "claude_code.active_time.total"
METRICS = "metrics"
_DELTA = (1, "1", "AGGREGATION_TEMPORALITY_DELTA")


def points_of(groups: object) -> list[Point]:
    """Return the data points of decoded resourceMetrics that become events."""
    found: list[Point] = []
    for group in _objects(groups):
        resource = group.get("resource")
        origin = Origin(attributes_of(resource.get("attributes")) if isinstance(resource, dict) else {})
        for scoped in _objects(group.get("scopeMetrics") or group.get("scope_metrics")):
            for metric in _objects(scoped.get("metrics")):
                total = metric.get("sum")
                if metric.get("name") == ACTIVE_TIME and isinstance(total, dict):
                    found += _points(total, origin)
    return found


def _points(total: dict[str, Any], origin: Origin) -> list[Point]:
    temporality = total.get("aggregationTemporality", total.get("aggregation_temporality"))
    points = total.get("dataPoints", total.get("data_points"))
    return [
        Point(
            origin=origin,
            attributes=attributes_of(fields.get("attributes")),
            start=nanoseconds(fields.get("startTimeUnixNano", fields.get("start_time_unix_nano"))),
            time=nanoseconds(fields.get("timeUnixNano", fields.get("time_unix_nano"))),
            value=number_of(fields, "asDouble", "asInt", "as_double", "as_int"),
            is_delta=temporality in _DELTA,
            digest=content_digest(encode(fields)),
        )
        for fields in _objects(points)
    ]


def metric_pieces(points: list[Point], memory: Memory) -> list[tuple[str, list[Piece]]]:
    """Return, for each data point, why it is skipped or its event."""
    return [(METRICS, _active(point, memory)) for point in points]


def _active(point: Point, memory: Memory) -> list[Piece]:
    """The time since the point before: what is told is that already, or a sum since the start."""
    agent = agent_of(point.origin, point.attributes, ACTIVE_TIME)
    session_id = session_of(memory, agent, None, said_session(point.attributes, point.origin.resource))
    if session_id is None or point.value is None or point.time is None:
        return []
    active_s, who = point.value, text_of(point.attributes, "type")
    if not point.is_delta:
        series = f"{session_id}:{who}:{point.start}"
        active_s -= memory.totals.get(series, 0.0)
        remember(memory.totals, series, point.value)
    if active_s <= 0:
        return []
    active_ms = round(active_s * 1000, 3)
    when = stamp(point.time // 1000 - round(active_ms * 1000))
    identity = Identity(agent, point.attributes, point.origin.resource)
    event = Event(
        id=event_id(when.ts, NAME, "metric", session_id, ACTIVE_TIME, str(point.digest)),
        ts=when.ts,
        ts_quality=when.quality,
        type=EventType.CONTEXT_SWITCH.value,
        agent=agent,
        session_id=session_id,
        offset=0,
        digest=point.digest,
        native_type=ACTIVE_TIME,
        is_telemetry=agent in WITH_FILES,
        agent_version=identity.version,
        machine=identity.machine,
        duration_ms=active_ms,
        summary=one_line(f"active: {who}" if who else "active"),
        data=small_json({"active_ms": active_ms, "who": clip(who, 100)}),
    )
    return [Piece(event, None)]


def _objects(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
