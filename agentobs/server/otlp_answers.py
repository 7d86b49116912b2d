"""Answers of OTLP/HTTP: in the form of the request, with what was not taken; errors as google.rpc.Status."""

from typing import Any

import msgspec
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.requests import Request
from starlette.responses import Response

from agentobs.errors import AgentobsError
from agentobs.server.answers import refusal
from agentobs.server.otlp_lines import Export, Signal

PROTOBUF, JSON = "application/x-protobuf", "application/json"
_RESPONSES: dict[Signal, tuple[type[Any], str]] = {
    Signal.TRACES: (ExportTraceServiceResponse, "rejected_spans"),
    Signal.LOGS: (ExportLogsServiceResponse, "rejected_log_records"),
    Signal.METRICS: (ExportMetricsServiceResponse, "rejected_data_points"),
}
_CODES = {400: 3, 413: 3, 415: 3, 401: 16, 403: 7, 408: 4, 429: 8, 500: 13, 503: 14}
_UNKNOWN = 2


def form_of(request: Request) -> str | None:
    """Return in which form a request is: PROTOBUF or JSON; None: in another."""
    form = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return form if form in {PROTOBUF, JSON} else None


def told(export: Export, signal: Signal, form: str) -> Response:
    """Return the answer to a request that was taken: empty, or with what of it was not."""
    if form == JSON:
        partial = {signal.rejected: str(export.rejected), "errorMessage": export.reason}
        return Response(msgspec.json.encode({"partialSuccess": partial} if export.rejected else {}), media_type=JSON)
    kind, rejected = _RESPONSES[signal]
    response = kind()
    if export.rejected:
        setattr(response.partial_success, rejected, export.rejected)
        response.partial_success.error_message = export.reason or ""
    return Response(response.SerializeToString(), media_type=PROTOBUF)


def answer_schema(signal: Signal) -> dict[str, Any]:
    """Return the JSON schema of what `told` answers."""
    counted = {"type": "string", "pattern": "^[0-9]+$", "description": "how many were not taken"}
    partial = {"type": "object", "properties": {signal.rejected: counted, "errorMessage": {"type": "string"}}}
    return {"type": "object", "properties": {"partialSuccess": partial}}


def refused(error: AgentobsError, request: Request) -> Response:
    """Return the answer to a request that was not taken; an exporter tries again after 429 and 503 alone."""
    plain = refusal(error)
    text = msgspec.json.decode(bytes(plain.body))["error"]
    code = _CODES.get(plain.status_code, _UNKNOWN)
    headers = {name: value for name, value in plain.headers.items() if name in {"retry-after", "connection"}}
    if form_of(request) == PROTOBUF:
        message = text.encode()
        return Response(
            b"\x08%c\x12%b%b" % (code, _varint(len(message)), message), plain.status_code, headers, media_type=PROTOBUF
        )
    return Response(msgspec.json.encode({"code": code, "message": text}), plain.status_code, headers, media_type=JSON)


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)
