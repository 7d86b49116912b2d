"""Spans and log records that are no OTLP: lists of an SDK's own objects, Phoenix's JSON, Langfuse's observations.

Attributes are an object, flat or nested ({"llm": {"token_count": ...}}); times are ISO 8601, or numbers whose size
tells their unit, or seconds and nanoseconds in a list (the JavaScript SDK); a span may have its trace's id from the
object around it. Private fields of the JavaScript SDK, which its exporters to files write, begin with an underscore.
"""

from typing import Any

from agentobs.adapters._objects import Fields
from agentobs.adapters._otel_document import Found
from agentobs.adapters._otel_lenient import log_of, nanoseconds, span_of
from agentobs.adapters._otel_messages import decoded
from agentobs.adapters._otel_records import Attributes, Log, Origin, Span, count_of
from agentobs.adapters._whole_document import encode
from agentobs.events import content_digest

_GROUPS = ("resourceSpans", "resource_spans", "batches", "resourceLogs", "resource_logs")
_SCOPES = ("scopeSpans", "scope_spans", "instrumentationLibrarySpans", "scopeLogs", "scope_logs")
_RECORDS = ("spans", "logRecords", "log_records")
_HOLDERS = ("spans", "traces", "trace", "data", "observations", "rows", "result", "items")
_DEEPEST = 6
_MOST_ATTRIBUTES = 20_000
_NANOSECOND = ((10**17, 1), (10**14, 10**3), (10**11, 10**6), (10**8, 10**9))  # a time of at least this is times that
_LANGFUSE = (
    "GENERATION",
    "SPAN",
    "EVENT",
    "TOOL",
    "AGENT",
    "CHAIN",
    "RETRIEVER",
    "EMBEDDING",
    "EVALUATOR",
    "GUARDRAIL",
)


def records_of(document: Any) -> list[Found]:
    """Return all spans and log records of a document, wherever they lie in it."""
    found: list[Found] = []
    _collect(document, Origin({}), {}, found, 0)
    return found


def _collect(value: Any, origin: Origin, around: Fields, found: list[Found], depth: int) -> None:
    if isinstance(value, list) and depth <= _DEEPEST:
        for each in value:
            _collect(each, origin, around, found, depth + 1)
    elif isinstance(value, dict) and depth <= _DEEPEST:
        _collect_from(value, origin, around, found, depth)


def _collect_from(value: Fields, origin: Origin, around: Fields, found: list[Found], depth: int) -> None:
    if is_span(value) or is_log(value):
        found.append(Found(read_span(value, origin, around) if is_span(value) else read_log(value), value))
        return
    for name in _GROUPS:
        for group in _objects(value.get(name)):
            _collect_group(group, found)
    around = {**around, **_names_of(value)}
    for name in _HOLDERS:
        if name in value:
            _collect(value[name], origin, around, found, depth + 1)


def _names_of(value: Fields) -> Fields:
    """Return what an object says of the trace and session of the spans in it."""
    found = {name: value[name] for name in ("trace_id", "traceId", "sessionId", "session_id") if name in value}
    if "observations" in value:  # Langfuse: the trace is this object, or stands beside its observations
        inner = value.get("trace")
        trace = inner if isinstance(inner, dict) else value
        found |= {"traceId": trace.get("id"), "sessionId": trace.get("sessionId")}
    return found


def _collect_group(group: Fields, found: list[Found]) -> None:
    resource = group.get("resource")
    attributes = (
        span_of({"attributes": resource.get("attributes")}, Origin({})).attributes if isinstance(resource, dict) else {}
    )
    for name in _SCOPES:
        for scoped in _objects(group.get(name)):
            scope = scoped.get("scope") or scoped.get("instrumentationLibrary")
            said = scope.get("name") if isinstance(scope, dict) else None
            origin = Origin(attributes, said if isinstance(said, str) else None)
            for key in _RECORDS:
                for record in _objects(scoped.get(key)):
                    made = span_of(record, origin) if key == "spans" else log_of(record, origin)
                    found.append(Found(made, record))


def is_span(fields: Fields) -> bool:
    """Tell whether an object is a span, or an observation of Langfuse."""
    if fields.get("type") in _LANGFUSE and "startTime" in fields:
        return True
    context = _context(fields) or fields
    named = any(isinstance(context.get(name), str) for name in ("spanId", "span_id", "spanID"))
    timed = any(name in fields for name in ("startTimeUnixNano", "start_time_unix_nano", "start_time", "startTime"))
    return named and timed and "spans" not in fields


def is_log(fields: Fields) -> bool:
    """Tell whether an object is a log record of the JavaScript SDK."""
    attributes = fields.get("attributes")
    return isinstance(attributes, dict) and "event.name" in attributes and "hrTime" in fields


def _context(fields: Fields) -> Fields | None:
    contexts = (fields.get(name) for name in ("context", "spanContext", "_spanContext"))
    return next((each for each in contexts if isinstance(each, dict)), None)


def _origin(fields: Fields) -> Origin:
    """Return what a record says of its resource, whose attributes may be an object or pairs in a private field."""
    resource = fields.get("resource")
    if not isinstance(resource, dict):
        return Origin({})
    pairs = resource.get("_rawAttributes")
    if isinstance(pairs, list):
        known = [each for each in pairs if isinstance(each, list) and len(each) == 2 and isinstance(each[0], str)]
        return Origin(dict(known))
    inner = resource.get("attributes", resource.get("_attributes", resource))
    return Origin(_flat(inner) if isinstance(inner, dict) else {})


def read_log(fields: Fields) -> Log:
    """Return a log record of the JavaScript SDK."""
    log = log_of(
        {
            **(_context(fields) or {}),
            "timeUnixNano": _in_nanoseconds(fields.get("hrTime")),
            "severityNumber": fields.get("severityNumber", fields.get("_severityNumber")),
            "body": fields.get("body", fields.get("_body")),
            "attributes": fields.get("attributes"),
        },
        _origin(fields),
    )
    log.digest = content_digest(encode(fields))
    return log


def read_span(fields: Fields, origin: Origin | None = None, around: Fields | None = None) -> Span:
    """Return a span of a list."""
    around, origin = around or {}, origin or Origin({})
    origin = _origin(fields) if "resource" in fields else origin
    if fields.get("type") in _LANGFUSE and "startTime" in fields:
        return _of_langfuse(fields, origin, around)
    times = {
        name: _in_nanoseconds(fields[name])
        for name in ("start_time", "end_time", "startTime", "endTime")
        if name in fields
    }
    attributes = fields.get("attributes")
    above = fields.get("parentSpanContext")
    more = {"parentSpanId": above.get("spanId")} if isinstance(above, dict) else {}
    span = span_of({**fields, **times, **more, "context": _context(fields)}, origin)
    if isinstance(attributes, dict):
        span.attributes = _flat(attributes)
    kind = fields.get("span_kind")
    if isinstance(kind, str) and kind.isalpha():
        span.attributes.setdefault("openinference.span.kind", kind)
    outer = around.get("trace_id") or around.get("traceId")
    if not span.trace_id and isinstance(outer, str):
        span.trace_id = outer
    session = around.get("session_id") or around.get("sessionId")
    if isinstance(session, str):
        span.attributes.setdefault("session.id", session)
    span.digest = content_digest(encode(fields))
    return span


def read_record(fields: Fields) -> Span | Log:
    """Return the span or log record that an object is."""
    if is_span(fields):
        return read_span(fields)
    return read_log(fields) if is_log(fields) else log_of(fields, Origin({}))


def _of_langfuse(fields: Fields, origin: Origin, around: Fields) -> Span:
    """Return an observation as a span; its input is what no cache served, as other names have it with the cache."""
    usage = fields.get("usageDetails") or fields.get("usage") or {}
    usage = usage if isinstance(usage, dict) else {}
    given = count_of(usage, "input", "promptTokens")
    read = count_of(usage, "cache_read_input_tokens", "input_cached_tokens", "input_cache_read")
    written = count_of(usage, "cache_creation_input_tokens", "input_cache_creation")
    attributes: Attributes = {
        "langfuse.observation.type": str(fields["type"]).lower(),
        "gen_ai.request.model": fields.get("model"),
        "gen_ai.usage.input_tokens": None if given is None else given + (read or 0) + (written or 0),
        "gen_ai.usage.output_tokens": count_of(usage, "output", "completionTokens"),
        "gen_ai.usage.cache_read.input_tokens": read,
        "gen_ai.usage.cache_creation.input_tokens": written,
        "gen_ai.usage.cost": fields.get("calculatedTotalCost") or fields.get("totalCost"),
        "langfuse.observation.input": _as_text(fields.get("input")),
        "langfuse.observation.output": _as_text(fields.get("output")),
        "session.id": around.get("sessionId") or fields.get("sessionId"),
        "input.value": _as_text(fields.get("input")),
    }
    if fields["type"] == "TOOL":
        attributes["gen_ai.tool.name"] = fields.get("name")
    span = span_of(
        {
            "traceId": fields.get("traceId") or around.get("traceId"),
            "spanId": fields.get("id"),
            "parentSpanId": fields.get("parentObservationId"),
            "name": fields.get("name"),
            "startTime": fields["startTime"],
            "endTime": fields.get("endTime"),
            "status": {"code": 2 if fields.get("level") == "ERROR" else None, "message": fields.get("statusMessage")},
        },
        origin,
    )
    span.attributes = _kept(fields, "attributes")
    span.attributes |= {name: value for name, value in attributes.items() if value is not None}
    span.origin = Origin(_kept(fields, "resourceAttributes") or origin.resource, origin.scope)
    span.digest = content_digest(encode(fields))
    return span


def _kept(fields: Fields, name: str) -> Attributes:
    """Return the attributes that Langfuse keeps of a span that came to it by OpenTelemetry."""
    metadata = decoded(fields.get("metadata"))
    found = decoded(metadata.get(name)) if isinstance(metadata, dict) else None
    return _flat(found) if isinstance(found, dict) else {}


def _as_text(value: object) -> str | None:
    return value if isinstance(value, str) or value is None else encode(value).decode("utf-8", "replace")


def _in_nanoseconds(value: object) -> int | None:
    """Return nanoseconds of a time whose size tells its unit, or of seconds and nanoseconds."""
    if isinstance(value, list) and len(value) == 2 and all(type(each) is int for each in value):
        return nanoseconds(value[0] * 10**9 + value[1])
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and value < 2**63:
        factor = next((factor for least, factor in _NANOSECOND if value >= least), None)
        return int(value * factor) if factor is not None else None
    return nanoseconds(value)


def _flat(attributes: Fields) -> Attributes:
    """Return nested attributes under dotted names; typed values and plain ones as they are."""
    found: Attributes = {}
    for name, value in attributes.items():
        _flatten(name, value, found, 0)
    return found


def _flatten(name: str, value: Any, found: Attributes, depth: int) -> None:
    if len(found) >= _MOST_ATTRIBUTES:
        return
    if isinstance(value, dict) and value and depth < _DEEPEST * 2:
        for key, inner in value.items():
            _flatten(f"{name}.{key}", inner, found, depth + 1)
    elif isinstance(value, list) and value and isinstance(value[0], dict) and depth < _DEEPEST * 2:
        for number, inner in enumerate(value):
            _flatten(f"{name}.{number}", inner, found, depth + 1)
    else:
        found[name] = value


def _objects(value: object) -> list[Fields]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
