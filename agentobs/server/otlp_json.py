"""OTLP in JSON: export requests as lines; each span and log record as it was sent, once it is known to be one."""

import re
from typing import Any

import msgspec

from agentobs.adapters._lenient import sanitise, too_deep
from agentobs.adapters._otel_lenient import hex_id
from agentobs.errors import RequestRefused
from agentobs.server.otlp_lines import Export, Lines, Signal
from agentobs.server.otlp_protobuf import opening

_Whole = int | str
_ID = {32: re.compile(r"[0-9a-f]{32}").fullmatch, 16: re.compile(r"[0-9a-f]{16}").fullmatch}


class _Pair(msgspec.Struct, gc=False):
    key: str = ""
    value: msgspec.Raw = msgspec.Raw(b"null")


class _Event(msgspec.Struct, gc=False, rename="camel"):
    time_unix_nano: _Whole | None = None
    name: str | None = None
    attributes: list[_Pair] | None = None


class _Status(msgspec.Struct, gc=False):
    code: _Whole | None = None
    message: str | None = None


class _Span(msgspec.Struct, gc=False, rename="camel"):
    trace_id: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    name: str | None = None
    kind: _Whole | None = None
    start_time_unix_nano: _Whole | None = None
    end_time_unix_nano: _Whole | None = None
    attributes: list[_Pair] | None = None
    events: list[_Event] | None = None
    status: _Status | None = None


class _Log(msgspec.Struct, gc=False, rename="camel"):
    time_unix_nano: _Whole | None = None
    observed_time_unix_nano: _Whole | None = None
    severity_number: _Whole | None = None
    severity_text: str | None = None
    event_name: str | None = None
    attributes: list[_Pair] | None = None
    trace_id: str | None = None
    span_id: str | None = None


class _Data(msgspec.Struct, gc=False, rename="camel"):
    data_points: list[msgspec.Raw] | None = None


class _Metric(msgspec.Struct, gc=False, rename="camel"):
    name: str | None = None
    gauge: _Data | None = None
    sum: _Data | None = None
    histogram: _Data | None = None
    exponential_histogram: _Data | None = None
    summary: _Data | None = None


class _Scoped(msgspec.Struct, gc=False, rename="camel"):
    scope: dict[str, Any] | None = None
    schema_url: str | None = None
    spans: list[msgspec.Raw] | None = None
    log_records: list[msgspec.Raw] | None = None
    metrics: list[msgspec.Raw] | None = None


class _Group(msgspec.Struct, gc=False, rename="camel"):
    resource: dict[str, Any] | None = None
    schema_url: str | None = None
    scope_spans: list[_Scoped] | None = None
    scope_logs: list[_Scoped] | None = None
    scope_metrics: list[_Scoped] | None = None


class _Request(msgspec.Struct, gc=False, rename="camel"):
    resource_spans: list[_Group] | None = None
    resource_logs: list[_Group] | None = None
    resource_metrics: list[_Group] | None = None


_request = msgspec.json.Decoder(_Request).decode
_span = msgspec.json.Decoder(_Span).decode
_log = msgspec.json.Decoder(_Log).decode
_metric = msgspec.json.Decoder(_Metric).decode
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def read(body: bytes, signal: Signal) -> Export:
    """Return the lines of a request; raise RequestRefused (400) when it cannot be decoded."""
    try:
        request = _decoded(body.removeprefix(b"\xef\xbb\xbf"))
        lines = Lines(signal)
        add = {Signal.TRACES: _add_span, Signal.LOGS: _add_log, Signal.METRICS: _add_metric}[signal]
        for group in _groups(request, signal):
            lines.resource(_opening(group, resource=group.resource))
            for scoped in _scoped(group, signal):
                lines.scope(_opening(scoped, scope=scoped.scope))
                for item in _items(scoped, signal):
                    add(bytes(item), lines)
    except _UNREADABLE as error:
        raise RequestRefused(f"the body is no export request in OTLP/JSON: {error}", 400) from error
    return lines.done()


def _decoded(text: bytes) -> _Request:
    try:
        text.decode()  # what is passed on unread must be text, too
        return _request(text)
    except _UNREADABLE:
        clean = sanitise(text)  # half a surrogate pair, which JavaScript writes where it cuts a text
        if clean == text:
            raise
        return _request(clean)


def _groups(request: _Request, signal: Signal) -> list[_Group]:
    if signal is Signal.TRACES:
        return request.resource_spans or []
    return (request.resource_logs if signal is Signal.LOGS else request.resource_metrics) or []


def _scoped(group: _Group, signal: Signal) -> list[_Scoped]:
    if signal is Signal.TRACES:
        return group.scope_spans or []
    return (group.scope_logs if signal is Signal.LOGS else group.scope_metrics) or []


def _items(scoped: _Scoped, signal: Signal) -> list[msgspec.Raw]:
    if signal is Signal.TRACES:
        return scoped.spans or []
    return (scoped.log_records if signal is Signal.LOGS else scoped.metrics) or []


def _add_span(raw: bytes, lines: Lines) -> None:
    try:
        span = _span(raw)
    except _UNREADABLE as error:
        lines.reject(f"a span that is none: {error}")
        return
    for name, value, size in (("trace", span.trace_id, 32), ("span", span.span_id, 16)):
        if _ID[size](hex_id(value) or "") is None:
            lines.reject(f"a span with the {name} id {value!r:.80}; {size} hexadecimal digits, not all 0, are needed")
            return
    _add(raw, lines)


def _add_log(raw: bytes, lines: Lines) -> None:
    try:
        _log(raw)
    except _UNREADABLE as error:
        lines.reject(f"a log record that is none: {error}")
    else:
        _add(raw, lines)


def _add_metric(raw: bytes, lines: Lines) -> None:
    metric = _metric(raw)  # how many data points another thing has cannot be told: then all is refused
    kinds = (metric.gauge, metric.sum, metric.histogram, metric.exponential_histogram, metric.summary)
    _add(raw, lines, sum(len(data.data_points or ()) for data in kinds if data is not None))


def _add(raw: bytes, lines: Lines, count: int = 1) -> None:
    if too_deep(raw):
        lines.reject("one that is nested too deeply", count)
        return
    if b"\n" in raw or b"\r" in raw:  # layout: in a text they are escaped
        raw = raw.replace(b"\n", b" ").replace(b"\r", b" ")
    lines.add(raw, count)


def _opening(told: _Group | _Scoped, **fields: dict[str, Any] | None) -> bytes:
    fields_of = {name: value for name, value in fields.items() if value is not None}
    if told.schema_url:
        fields_of["schemaUrl"] = told.schema_url  # pyright: ignore[reportArgumentType]
    return opening(fields_of)
