"""One line of OTLP/JSON, decoded fast: typed where it is written as the protocol says, leniently where it is not."""

import re
from typing import Any

import msgspec

from agentobs.adapters._lenient import has_nul, sanitise, too_deep
from agentobs.adapters._otel_lenient import batch_of, hex_id, integer, log_record, nanoseconds, value_of
from agentobs.adapters._otel_metrics import ACTIVE_TIME, METRICS, points_of
from agentobs.adapters._otel_records import Attributes, Batch, Log, Origin, Span
from agentobs.adapters._whole_document import read_value
from agentobs.events import content_digest

REQUEST = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"resource_?(?:Spans|Logs|Metrics|spans|logs|metrics)"\s*:\s*\[')

_Time = int | float | str | None


class _Value(msgspec.Struct, gc=False, rename="camel"):
    string_value: str | None = None
    int_value: int | str | None = None
    bool_value: bool | None = None
    double_value: float | None = None
    array_value: msgspec.Raw | None = None
    kvlist_value: msgspec.Raw | None = None
    bytes_value: str | None = None


class _Pair(msgspec.Struct, gc=False, rename="camel"):
    key: str
    value: _Value | None = None


class _Status(msgspec.Struct, gc=False, rename="camel"):
    code: int | str | None = None
    message: str | None = None


class _SpanEvent(msgspec.Struct, gc=False, rename="camel"):
    name: str = ""
    attributes: list[_Pair] = []


class _Span(msgspec.Struct, gc=False, rename="camel"):
    trace_id: str
    span_id: str
    name: str = ""
    parent_span_id: str | None = None
    start_time_unix_nano: _Time = None
    end_time_unix_nano: _Time = None
    status: _Status | None = None
    attributes: list[_Pair] = []
    events: list[_SpanEvent] = []


class _Log(msgspec.Struct, gc=False, rename="camel"):
    time_unix_nano: _Time = None
    observed_time_unix_nano: _Time = None
    severity_number: int | str | None = None
    body: _Value | None = None
    attributes: list[_Pair] = []
    trace_id: str | None = None
    span_id: str | None = None
    event_name: str | None = None


class _Scope(msgspec.Struct, gc=False, rename="camel"):
    name: str | None = None


class _Resource(msgspec.Struct, gc=False, rename="camel"):
    attributes: list[_Pair] = []


class _ScopeSpans(msgspec.Struct, gc=False, rename="camel"):
    spans: list[msgspec.Raw] = []
    scope: _Scope | None = None


class _ScopeLogs(msgspec.Struct, gc=False, rename="camel"):
    log_records: list[msgspec.Raw] = []
    scope: _Scope | None = None


class _ResourceSpans(msgspec.Struct, gc=False, rename="camel"):
    scope_spans: list[_ScopeSpans]
    resource: _Resource | None = None


class _ResourceLogs(msgspec.Struct, gc=False, rename="camel"):
    scope_logs: list[_ScopeLogs]
    resource: _Resource | None = None


class _Request(msgspec.Struct, gc=False, rename="camel"):
    resource_spans: list[_ResourceSpans] | None = None
    resource_logs: list[_ResourceLogs] | None = None
    resource_metrics: msgspec.Raw | None = None


_request = msgspec.json.Decoder(_Request).decode
_span = msgspec.json.Decoder(_Span).decode
_log = msgspec.json.Decoder(_Log).decode
_any = msgspec.json.Decoder().decode
_FAILED = {1: False, 2: True, "STATUS_CODE_OK": False, "STATUS_CODE_ERROR": True}


def read_batch(redacted: bytes, original: bytes) -> Batch | str:
    """Return the batch of a line, its digests taken from the line as it stands in the source; or why there is none."""
    batch = _read(redacted)
    if isinstance(batch, str) or original is redacted:
        return batch
    there = _read(original)
    if not isinstance(there, str) and (len(there.spans), len(there.logs)) == (len(batch.spans), len(batch.logs)):
        for span, other in zip(batch.spans, there.spans, strict=True):
            span.digest = other.digest
        for log, other in zip(batch.logs, there.logs, strict=True):
            log.digest = other.digest
        if len(there.points) == len(batch.points):
            for point, other in zip(batch.points, there.points, strict=True):
                point.digest = other.digest
    return batch


def is_of_lines(head: bytes) -> bool:
    """Tell whether the head of a file has its first JSON value on one line, as far as can be seen."""
    first, newline, _ = head.lstrip().partition(b"\n")
    return not newline or not isinstance(read_value(first), str)


def _read(line: bytes) -> Batch | str:
    clean = line if _is_plain(line) else sanitise(line)
    try:
        batch = _typed(clean)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        batch = None  # of another spelling, or not JSON at all
    if batch is None:
        found = read_value(clean)
        if isinstance(found, str):
            return found
        batch = batch_of(found[0])
        if batch is not None and isinstance(found[0], dict):
            batch.points = points_of(found[0].get("resourceMetrics") or found[0].get("resource_metrics"))
        if batch is None:
            return "neither resourceSpans nor resourceLogs nor resourceMetrics at the top of the line"
        if found[1]:
            clean = sanitise(clean)
    batch.raw, batch.sanitised = clean, clean is not line
    return batch


def _is_plain(line: bytes) -> bool:
    if has_nul(line) or b"\0" in line:
        return False
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _typed(line: bytes) -> Batch | None:
    request = _request(line)
    if request.resource_spans is None and request.resource_logs is None and request.resource_metrics is None:
        return None
    spans: list[Span] = []
    logs: list[Log] = []
    for group in request.resource_spans or ():
        resource = _attributes(group.resource.attributes) if group.resource is not None else {}
        for scoped in group.scope_spans:
            origin = Origin(resource, scoped.scope.name if scoped.scope is not None else None)
            spans += [_span_of(raw, origin) for raw in scoped.spans]
    for group in request.resource_logs or ():
        resource = _attributes(group.resource.attributes) if group.resource is not None else {}
        for scoped in group.scope_logs:
            origin = Origin(resource, scoped.scope.name if scoped.scope is not None else None)
            logs += [_log_of(raw, origin) for raw in scoped.log_records]
    metrics = request.resource_metrics
    if metrics is None:
        return Batch(spans, logs, other="empty_batch")
    raw = bytes(metrics)
    if too_deep(raw):
        return None
    is_alone = request.resource_spans is None and request.resource_logs is None
    points = points_of(_any(raw)) if ACTIVE_TIME.encode() in raw else []
    return Batch(spans, logs, points, other=METRICS if is_alone else "empty_batch")


def _span_of(raw: msgspec.Raw, origin: Origin) -> Span:
    said = _span(raw)
    status = said.status
    return Span(
        origin,
        hex_id(said.trace_id) or "",
        hex_id(said.span_id) or "",
        hex_id(said.parent_span_id),
        said.name,
        nanoseconds(said.start_time_unix_nano),
        nanoseconds(said.end_time_unix_nano),
        _FAILED.get(status.code) if status is not None and status.code is not None else None,
        (status.message or None) if status is not None else None,
        _attributes(said.attributes),
        [(event.name, _attributes(event.attributes)) for event in said.events],
        content_digest(bytes(raw)),
    )


def _log_of(raw: msgspec.Raw, origin: Origin) -> Log:
    said = _log(raw)
    log = Log(
        origin,
        hex_id(said.trace_id),
        hex_id(said.span_id),
        said.event_name or None,
        nanoseconds(said.time_unix_nano),
        said.severity_number if isinstance(said.severity_number, int) else None,
        _value(said.body) if said.body is not None else None,
        _attributes(said.attributes),
        content_digest(bytes(raw)),
    )
    return log_record(log, said.observed_time_unix_nano)


def _attributes(pairs: list[_Pair]) -> Attributes:
    found: Attributes = {}
    for pair in pairs:
        value = pair.value
        if value is None:
            found[pair.key] = None
        elif value.string_value is not None:
            found[pair.key] = value.string_value
        else:
            found[pair.key] = _value(value)
    return found


def _value(value: _Value) -> Any:
    if value.int_value is not None:
        return integer(value.int_value)
    if value.array_value is not None:
        return _nested(value.array_value, "arrayValue")
    if value.kvlist_value is not None:
        return _nested(value.kvlist_value, "kvlistValue")
    plain = (value.string_value, value.bool_value, value.double_value, value.bytes_value)
    return next((each for each in plain if each is not None), None)


def _nested(raw: msgspec.Raw, kind: str) -> Any:
    return None if too_deep(bytes(raw)) else value_of({kind: _any(raw)})
