"""OTLP in protobuf: export requests as lines of OTLP/JSON, field by field, as fast as the messages can be walked."""

from base64 import b64encode
from math import isfinite
from typing import Any

import msgspec
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from agentobs.errors import RequestRefused
from agentobs.server.otlp_lines import Export, Lines, Signal

Fields = dict[str, Any]

_encode = msgspec.json.Encoder().encode
_REQUESTS: dict[Signal, type[Any]] = {
    Signal.TRACES: ExportTraceServiceRequest,
    Signal.LOGS: ExportLogsServiceRequest,
    Signal.METRICS: ExportMetricsServiceRequest,
}
_NO_TRACE, _NO_SPAN = b"\0" * 16, b"\0" * 8
_KINDS_OF_METRIC = {
    "gauge": "gauge",
    "sum": "sum",
    "histogram": "histogram",
    "exponential_histogram": "exponentialHistogram",
    "summary": "summary",
}


def read(body: bytes, signal: Signal) -> Export:
    """Return the lines of a request; raise RequestRefused (400) when it cannot be decoded."""
    try:
        request = _REQUESTS[signal].FromString(body)
    except DecodeError as error:
        raise RequestRefused(f"the body is no {_REQUESTS[signal].DESCRIPTOR.name} in protobuf: {error}", 400) from error
    lines = Lines(signal)
    _READERS[signal](request, lines)
    return lines.done()


def _traces(request: Any, lines: Lines) -> None:
    for group in request.resource_spans:
        lines.resource(_resource(group))
        for scoped in group.scope_spans:
            lines.scope(_scope(scoped))
            for span in scoped.spans:
                wrong = _wrong(span)
                if wrong is None:
                    lines.add(_encode(_span(span)))
                else:
                    lines.reject(wrong)


def _logs(request: Any, lines: Lines) -> None:
    for group in request.resource_logs:
        lines.resource(_resource(group))
        for scoped in group.scope_logs:
            lines.scope(_scope(scoped))
            for record in scoped.log_records:
                lines.add(_encode(_log(record)))


def _metrics(request: Any, lines: Lines) -> None:
    for group in request.resource_metrics:
        lines.resource(_resource(group))
        for scoped in group.scope_metrics:
            lines.scope(_scope(scoped))
            for metric in scoped.metrics:
                fields, points = _metric(metric)
                lines.add(_encode(fields), points)


_READERS = {Signal.TRACES: _traces, Signal.LOGS: _logs, Signal.METRICS: _metrics}


def _wrong(span: Any) -> str | None:
    """Why a span is none: without its ids it could not be told from others."""
    trace_id, span_id = span.trace_id, span.span_id
    if len(trace_id) != len(_NO_TRACE) or trace_id == _NO_TRACE:
        return f"a span with the trace id {trace_id[:20].hex()!r}; 16 bytes, not all zero, are needed"
    if len(span_id) != len(_NO_SPAN) or span_id == _NO_SPAN:
        return f"a span with the span id {span_id[:20].hex()!r}; 8 bytes, not all zero, are needed"
    return None


def _span(span: Any) -> Fields:
    fields: Fields = {
        "traceId": span.trace_id.hex(),
        "spanId": span.span_id.hex(),
        "parentSpanId": span.parent_span_id.hex(),
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": str(span.start_time_unix_nano),
        "endTimeUnixNano": str(span.end_time_unix_nano),
        "attributes": _attributes(span.attributes),
    }
    if span.HasField("status"):
        status = span.status
        fields["status"] = {"code": status.code, "message": status.message} if status.message else {"code": status.code}
    if span.events:
        fields["events"] = [
            {"timeUnixNano": str(event.time_unix_nano), "name": event.name, "attributes": _attributes(event.attributes)}
            for event in span.events
        ]
    if span.links:
        fields["links"] = [
            {"traceId": link.trace_id.hex(), "spanId": link.span_id.hex(), "attributes": _attributes(link.attributes)}
            for link in span.links
        ]
    if span.trace_state:
        fields["traceState"] = span.trace_state
    if span.flags:
        fields["flags"] = span.flags
    return fields


def _log(record: Any) -> Fields:
    fields: Fields = {
        "timeUnixNano": str(record.time_unix_nano),
        "observedTimeUnixNano": str(record.observed_time_unix_nano),
        "severityNumber": record.severity_number,
        "attributes": _attributes(record.attributes),
    }
    if record.HasField("body"):
        fields["body"] = _value(record.body)
    for name, text in (("severityText", record.severity_text), ("eventName", record.event_name)):
        if text:
            fields[name] = text
    if len(record.trace_id) == len(_NO_TRACE) and record.trace_id != _NO_TRACE:
        fields["traceId"] = record.trace_id.hex()
    if len(record.span_id) == len(_NO_SPAN) and record.span_id != _NO_SPAN:
        fields["spanId"] = record.span_id.hex()
    return fields


def _metric(metric: Any) -> tuple[Fields, int]:
    """A metric and how many data points it has."""
    fields: Fields = {"name": metric.name, "unit": metric.unit}
    kind = metric.WhichOneof("data")
    if kind is None:
        return fields, 0
    data = getattr(metric, kind)
    said: Fields = {"dataPoints": [_point(point, kind) for point in data.data_points]}
    if kind in {"sum", "histogram", "exponential_histogram"}:
        said["aggregationTemporality"] = data.aggregation_temporality
    if kind == "sum":
        said["isMonotonic"] = data.is_monotonic
    fields[_KINDS_OF_METRIC[kind]] = said
    return fields, len(data.data_points)


def _point(point: Any, kind: str) -> Fields:
    fields: Fields = {
        "startTimeUnixNano": str(point.start_time_unix_nano),
        "timeUnixNano": str(point.time_unix_nano),
        "attributes": _attributes(point.attributes),
    }
    if kind in {"gauge", "sum"}:
        which = point.WhichOneof("value")
        if which == "as_int":
            fields["asInt"] = str(point.as_int)
        elif which == "as_double":
            fields["asDouble"] = _double(point.as_double)
        return fields
    fields["count"], fields["sum"] = str(point.count), _double(point.sum)
    if kind == "histogram":
        fields["bucketCounts"] = [str(count) for count in point.bucket_counts]
        fields["explicitBounds"] = [_double(bound) for bound in point.explicit_bounds]
    return fields


def _resource(group: Any) -> bytes:
    fields: Fields = {}
    if group.HasField("resource"):
        fields["resource"] = {"attributes": _attributes(group.resource.attributes)}
    if group.schema_url:
        fields["schemaUrl"] = group.schema_url
    return opening(fields)


def _scope(scoped: Any) -> bytes:
    fields: Fields = {}
    if scoped.HasField("scope"):
        scope = scoped.scope
        fields["scope"] = {"name": scope.name, "version": scope.version, "attributes": _attributes(scope.attributes)}
    if scoped.schema_url:
        fields["schemaUrl"] = scoped.schema_url
    return opening(fields)


def opening(fields: Fields) -> bytes:
    """Return fields as they stand at the opening of an object: JSON, each followed by a comma."""
    return _encode(fields)[1:-1] + b"," if fields else b""


def _attributes(pairs: Any) -> list[Fields]:
    return [  # most are texts: asking for one is faster than asking what there is
        {
            "key": pair.key,
            "value": {"stringValue": text} if (text := (value := pair.value).string_value) else _value(value),
        }
        for pair in pairs
    ]


def _value(value: Any) -> Fields:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return {"stringValue": value.string_value}
    if kind == "int_value":
        return {"intValue": str(value.int_value)}
    if kind == "bool_value":
        return {"boolValue": value.bool_value}
    if kind == "double_value":
        number = value.double_value
        return {"doubleValue": number} if isfinite(number) else {"stringValue": _double(number)}
    return _nested(value, kind)


def _nested(value: Any, kind: str | None) -> Fields:
    if kind == "array_value":
        return {"arrayValue": {"values": [_value(each) for each in value.array_value.values]}}
    if kind == "kvlist_value":
        return {"kvlistValue": {"values": _attributes(value.kvlist_value.values)}}
    if kind == "bytes_value":
        return {"bytesValue": b64encode(value.bytes_value).decode()}
    return {}


def _double(number: float) -> float | str:
    """A number as protobuf's JSON has it."""
    if isfinite(number):
        return number
    return "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"  # noqa: PLR0124
