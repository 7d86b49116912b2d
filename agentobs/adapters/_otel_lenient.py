"""Spans and log records from decoded JSON of any spelling: camelCase or snake_case keys, attributes as list or object,
ids in hexadecimal or base64, times as texts, integers or ISO 8601, tags of Jaeger left out."""

from base64 import b64decode
from typing import Any

from agentobs.adapters._otel_records import Attributes, Batch, Log, Origin, Span
from agentobs.adapters._text import short_id
from agentobs.adapters._whole_document import encode
from agentobs.events import content_digest, parse_timestamp

DEEPEST = 20  # of a value inside an attribute
_BASE64_LENGTHS = {12: 8, 24: 16}  # characters -> bytes of span and trace ids
_FAILED = {1: False, 2: True, "1": False, "2": True, "OK": False, "ERROR": True}
_FAILED |= {"STATUS_CODE_OK": False, "STATUS_CODE_ERROR": True, "StatusCode.OK": False, "StatusCode.ERROR": True}
_MOST_NANOSECONDS = 2**63
_PLAIN = {"stringValue": str, "boolValue": bool, "doubleValue": int | float, "bytesValue": str}


def batch_of(document: Any) -> Batch | None:
    """Return the batch of an export request, a list of them, or a Tempo export; None where it is nothing like that."""
    if isinstance(document, list):
        batches = [batch for each in document if (batch := batch_of(each)) is not None]
        if not batches:
            return None
        return Batch(
            [s for b in batches for s in b.spans], [r for b in batches for r in b.logs], other=batches[0].other
        )
    if not isinstance(document, dict):
        return None
    document = _inner(document, "trace") or _inner(document, "result") or document
    spans = _first(document, "resourceSpans", "resource_spans", "batches")
    logs = _first(document, "resourceLogs", "resource_logs")
    if isinstance(spans, list) or isinstance(logs, list):
        return Batch(_spans(spans), _logs(logs), other="empty_batch")
    if isinstance(_first(document, "resourceMetrics", "resource_metrics"), list):
        return Batch([], [], other="metrics")
    return None


def span_of(fields: dict[str, Any], origin: Origin) -> Span:
    """Return a span of decoded JSON."""
    status = _first(fields, "status")
    code, message = (
        (_first(status, "code", "status_code"), _first(status, "message", "description"))
        if isinstance(status, dict)
        else (_first(fields, "status_code", "statusCode") or status, _first(fields, "status_message", "statusMessage"))
    )
    context = _inner(fields, "context") or _inner(fields, "spanContext") or fields
    start = nanoseconds(_first(fields, "startTimeUnixNano", "start_time_unix_nano", "startTime", "start_time", "start"))
    end = nanoseconds(_first(fields, "endTimeUnixNano", "end_time_unix_nano", "endTime", "end_time", "end"))
    return Span(
        origin=origin,
        trace_id=hex_id(_first(context, "traceId", "trace_id", "traceID")) or "",
        span_id=hex_id(_first(context, "spanId", "span_id", "spanID")) or "",
        parent_id=hex_id(_first(fields, "parentSpanId", "parent_span_id", "parent_id", "parentId")),
        name=_text(_first(fields, "name", "operationName")) or "",
        start=start,
        end=end,
        failed=_FAILED.get(code) if isinstance(code, int | str) else None,
        message=_text(message),
        attributes=attributes_of(fields.get("attributes")),
        events=[
            (_text(event.get("name")) or "", attributes_of(event.get("attributes")))
            for event in _objects(fields.get("events"))
        ],
        digest=content_digest(encode(fields)),
    )


def log_of(fields: dict[str, Any], origin: Origin) -> Log:
    """Return a log record of decoded JSON."""
    attributes = attributes_of(fields.get("attributes"))
    severity = _first(fields, "severityNumber", "severity_number")
    return log_record(
        Log(
            origin=origin,
            trace_id=hex_id(_first(fields, "traceId", "trace_id")),
            span_id=hex_id(_first(fields, "spanId", "span_id")),
            name=_text(_first(fields, "eventName", "event_name")),
            time=nanoseconds(_first(fields, "timeUnixNano", "time_unix_nano")),
            severity=severity if isinstance(severity, int) and not isinstance(severity, bool) else None,
            body=value_of(fields.get("body")),
            attributes=attributes,
            digest=content_digest(encode(fields)),
        ),
        _first(fields, "observedTimeUnixNano", "observed_time_unix_nano"),
    )


def log_record(log: Log, observed: object) -> Log:
    """Return a record with its name and time from wherever it says them."""
    body = log.body if isinstance(log.body, str) else None
    if body is not None and body.startswith("claude_code."):  # its event.name is without that
        log.name = body
    elif not log.name:
        name = log.attributes.get("event.name")
        log.name = name if isinstance(name, str) and name else body
    if not log.time:
        log.time = nanoseconds(log.attributes.get("event.timestamp")) or nanoseconds(observed)
    return log


def attributes_of(value: object) -> Attributes:
    """Return attributes, which stand there as a list of keys with typed values or as an object."""
    if isinstance(value, dict):
        return {name: value_of(item) if _is_typed(item) else item for name, item in value.items()}
    return {item["key"]: value_of(item.get("value")) for item in _objects(value) if isinstance(item.get("key"), str)}


def value_of(value: object, depth: int = 0) -> Any:
    """Return what an AnyValue says; what is none is taken as it is."""
    if not isinstance(value, dict):
        return value
    if len(value) != 1 or depth > DEEPEST:
        return None
    ((name, item),) = value.items()
    kind = name.replace("_v", "V")
    if kind == "arrayValue":
        return [value_of(each, depth + 1) for each in _list(item)]
    if kind == "kvlistValue":
        pairs = [each for each in _objects(_list(item)) if isinstance(each.get("key"), str)]
        return {each["key"]: value_of(each.get("value"), depth + 1) for each in pairs}
    if kind == "intValue":
        return integer(item)
    return item if kind in _PLAIN and isinstance(item, _PLAIN[kind]) else None


def integer(value: object) -> int | None:
    """Return a whole number, also where it is written as a text."""
    if isinstance(value, str) and len(value) < 20:
        try:
            return int(value)
        except ValueError:
            return None
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else None


def nanoseconds(value: object) -> int | None:
    """Return nanoseconds since 1970 of a number, of digits, or of an ISO 8601 text; None where there is no time."""
    if isinstance(value, str):
        if not value.isascii() or not value.isdigit():
            found = parse_timestamp(value)
            return found.ts * 1000 if found is not None else None
        value = int(value) if len(value) < 20 else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _MOST_NANOSECONDS:
        return None
    return int(value)


def hex_id(value: object) -> str | None:
    """Return an id in lower-case hexadecimal; base64 (as protobuf's own JSON has it) and `0x` are taken too."""
    if not isinstance(value, str) or not value:
        return None
    if value.endswith("=") and (size := _BASE64_LENGTHS.get(len(value))):
        try:
            raw = b64decode(value, validate=True)
        except ValueError:  # not in its alphabet
            return short_id(value)
        value = raw.hex() if len(raw) == size else value
    value = value.removeprefix("0x")
    return None if not value.strip("0") else short_id(value.lower())


def _spans(groups: object) -> list[Span]:
    found: list[Span] = []
    for group in _objects(groups):
        resource = attributes_of(_inner(group, "resource").get("attributes"))
        for scoped in _objects(
            _first(group, "scopeSpans", "scope_spans", "instrumentationLibrarySpans", "instrumentation_library_spans")
        ):
            origin = Origin(resource, _scope(scoped))
            found += [span_of(span, origin) for span in _objects(scoped.get("spans"))]
    return found


def _logs(groups: object) -> list[Log]:
    found: list[Log] = []
    for group in _objects(groups):
        resource = attributes_of(_inner(group, "resource").get("attributes"))
        for scoped in _objects(_first(group, "scopeLogs", "scope_logs", "instrumentationLibraryLogs")):
            origin = Origin(resource, _scope(scoped))
            found += [log_of(log, origin) for log in _objects(_first(scoped, "logRecords", "log_records"))]
    return found


def _scope(scoped: dict[str, Any]) -> str | None:
    return _text((_inner(scoped, "scope") or _inner(scoped, "instrumentationLibrary")).get("name"))


def _is_typed(value: object) -> bool:
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)).endswith(("Value", "_value"))


def _first(fields: dict[str, Any], *names: str) -> Any:
    return next((fields[name] for name in names if fields.get(name) is not None), None)


def _inner(fields: dict[str, Any], name: str) -> dict[str, Any]:
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    values = value.get("values") if isinstance(value, dict) else value
    return values if isinstance(values, list) else []


def _objects(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
