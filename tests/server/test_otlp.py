"""OTLP/HTTP: what is answered is what the specification says, in the form of the request; what is taken is stored."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf import text_format
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from agentobs.adapters import otlp
from agentobs.ingest.spool import Limits
from agentobs.server import otlp_json, otlp_protobuf
from agentobs.server.otlp_lines import ITEM_BYTES, MOST_ITEMS, Signal
from tests.ingest.spooled import contents_of
from tests.server.accepting import Accepting, accepting, drain, rows

GOLDEN = Path(__file__).parent / "otlp"
PROTOBUF, JSON = "application/x-protobuf", "application/json"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
MESSAGES: dict[str, tuple[Any, Any, Signal]] = {
    "traces": (ExportTraceServiceRequest, ExportTraceServiceResponse, Signal.TRACES),
    "logs": (ExportLogsServiceRequest, ExportLogsServiceResponse, Signal.LOGS),
    "metrics": (ExportMetricsServiceRequest, ExportMetricsServiceResponse, Signal.METRICS),
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Accepting]:
    with accepting(tmp_path / "spool") as running:
        yield running


def protobuf_of(name: str) -> bytes:
    return text_format.Parse((GOLDEN / f"{name}.textproto").read_text(), MESSAGES[name][0]()).SerializeToString()


def post(server: Accepting, name: str, body: bytes, form: str, **headers: str) -> httpx.Response:
    named = {"content-type": form, **{key.replace("_", "-"): value for key, value in headers.items()}}
    return server.client.post(f"/v1/{name}", content=body, headers=named)


def span(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {"traceId": TRACE, "spanId": f"{number:016x}", "name": "chat", **fields}


def spans(*several: Any) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(several)}]}]}).encode()


@pytest.mark.parametrize("name", MESSAGES)
def test_protobuf_becomes_the_lines_that_it_always_became(name: str) -> None:
    """R21."""
    export = otlp_protobuf.read(protobuf_of(name), MESSAGES[name][2])
    found = [json.loads(line) for line in export.lines]
    assert found == json.loads((GOLDEN / f"{name}.json").read_text())


@pytest.mark.parametrize(("name", "counts"), [("traces", (2, 3)), ("logs", (2, 0)), ("metrics", (3, 0))])
def test_counts_are_exact_and_answered_in_protobuf(name: str, counts: tuple[int, int], server: Accepting) -> None:
    """R21."""
    answer = post(server, name, protobuf_of(name), PROTOBUF)
    assert (answer.status_code, answer.headers["content-type"]) == (200, PROTOBUF)
    told = MESSAGES[name][1].FromString(answer.content)
    accepted, rejected = counts
    assert server.service.counts["accepted"] == accepted
    if not rejected:
        assert answer.content == b"", "nothing was refused: nothing is set"
        return
    assert told.partial_success.rejected_spans == rejected
    assert "16 bytes" in told.partial_success.error_message


@pytest.mark.parametrize("name", MESSAGES)
def test_the_lines_sent_as_json_are_the_same_lines(name: str, server: Accepting) -> None:
    export = otlp_protobuf.read(protobuf_of(name), MESSAGES[name][2])
    assert otlp_json.read(export.lines[0], MESSAGES[name][2]).lines == export.lines
    answer = post(server, name, export.lines[0], "application/json; charset=utf-8")
    assert (answer.status_code, answer.headers["content-type"], answer.json()) == (200, JSON, {})


def test_counts_are_exact_and_answered_in_json(server: Accepting) -> None:
    """R21."""
    wrong = [span(traceId="0" * 32), span(spanId="xyz"), span(name=7), {}, 5, span(attributes={"a": 1})]
    answer = post(server, "traces", spans(span(1), *wrong, span(2)), JSON)
    assert answer.status_code == 200
    assert answer.json()["partialSuccess"]["rejectedSpans"] == "6", "64-bit numbers are texts in protobuf's JSON"
    assert "trace id" in answer.json()["partialSuccess"]["errorMessage"]
    (frame,) = contents_of(server.folder)
    assert [one["spanId"] for one in json.loads(frame[1])["resourceSpans"][0]["scopeSpans"][0]["spans"]] == [
        f"{number:016x}" for number in (1, 2)
    ]


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize(("form", "empty"), [(PROTOBUF, b""), (JSON, b"{}")])
def test_an_empty_request_is_a_success(name: str, form: str, empty: bytes, server: Accepting) -> None:
    answer = post(server, name, empty, form)
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, empty, form)
    assert contents_of(server.folder) == []


@pytest.mark.parametrize("name", MESSAGES)
def test_what_cannot_be_decoded_is_400_with_a_status(name: str, server: Accepting) -> None:
    """R21."""
    answer = post(server, name, b"\xff\xff", PROTOBUF)
    assert (answer.status_code, answer.headers["content-type"]) == (400, PROTOBUF)
    told = Status.FromString(answer.content)
    assert told.code == 3
    assert "the body is no Export" in told.message
    for body in (b"", b"[]", b"nonsense", b'{"resourceSpans":{}}', b"[" * 100_000):
        signal = name.capitalize() if name == "logs" else {"traces": "Spans", "metrics": "Metrics"}[name]
        answer = post(server, name, body.replace(b"Spans", signal.encode()), JSON)
        assert (answer.status_code, answer.headers["content-type"]) == (400, JSON), body[:40]
        assert answer.json()["code"] == 3


def test_another_form_or_method_is_refused(server: Accepting) -> None:
    assert post(server, "traces", b"", "text/plain").status_code == 415
    assert server.client.get("/v1/traces").status_code == 405


def test_fields_that_are_not_known_are_passed_over(server: Accepting) -> None:
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span(new={"a": 1})], "x": 1}], "y": 2}], "z": 3})
    assert post(server, "traces", body.encode(), JSON).json() == {}
    assert post(server, "traces", protobuf_of("traces") + b"\x82\x7d\x00", PROTOBUF).status_code == 200


@pytest.mark.parametrize("form", [PROTOBUF, JSON])
def test_a_compressed_request_is_taken(form: str, server: Accepting) -> None:
    body = spans(span()) if form == JSON else protobuf_of("logs")
    name = "traces" if form == JSON else "logs"
    assert post(server, name, gzip.compress(body), form, content_encoding="gzip").status_code == 200
    assert post(server, name, b"nonsense", form, content_encoding="gzip").status_code == 400


def test_a_request_that_is_laid_out_over_lines_is_one_line(server: Accepting) -> None:
    body = json.dumps(json.loads(spans(span(1, attributes=[{"key": "a", "value": {"stringValue": "x\ny"}}]))), indent=2)
    assert post(server, "traces", body.encode(), JSON).json() == {}
    ((_, lines),) = contents_of(server.folder)
    assert len(lines.split(b"\n")) == 1
    assert b'"x\\ny"' in lines


def test_a_large_request_becomes_several_lines_that_repeat_their_resource() -> None:
    several = {
        "resourceSpans": [
            {"resource": {"attributes": [{"key": "n", "value": {"intValue": str(n)}}]},
             "scopeSpans": [{"scope": {"name": "s"},
                              "spans": [span(n * MOST_ITEMS + i + 1) for i in range(MOST_ITEMS)]}]}
            for n in range(2)
        ]
    }  # fmt: skip
    body = json.dumps(several).encode()
    export = otlp_json.read(body, Signal.TRACES)
    assert export.accepted == 2 * MOST_ITEMS
    found = [group for line in export.lines for group in json.loads(line)["resourceSpans"]]
    assert {group["resource"]["attributes"][0]["value"]["intValue"] for group in found} == {"0", "1"}
    assert [one["spanId"] for group in found for one in group["scopeSpans"][0]["spans"]] == [
        f"{number + 1:016x}" for number in range(2 * MOST_ITEMS)
    ]
    assert all(group["scopeSpans"][0]["scope"] == {"name": "s"} for group in found)


def test_one_that_is_too_large_or_too_deep_is_refused_alone() -> None:
    deep: Any = 1
    for _ in range(200):
        deep = {"arrayValue": {"values": [deep]}}
    large = span(attributes=[{"key": "a", "value": {"stringValue": "x" * ITEM_BYTES}}])
    export = otlp_json.read(spans(span(1), large, span(attributes=[{"key": "a", "value": deep}])), Signal.TRACES)
    assert (export.accepted, export.rejected) == (1, 2)


def test_what_is_taken_is_stored_once_however_often_it_is_sent(server: Accepting, embedded_url: str) -> None:
    for _ in range(3):
        assert post(server, "traces", protobuf_of("traces"), PROTOBUF).status_code == 200
        assert post(server, "logs", protobuf_of("logs"), PROTOBUF).status_code == 200
    drain(embedded_url, server.folder)
    found = rows(embedded_url, "SELECT agent, session_id, type, count(*) FROM events GROUP BY 1, 2, 3 ORDER BY 1, 2, 3")
    assert ("shop_agent", "shop_agent:c1", "llm_response", 1) in found
    assert all(row[-1] == 1 for row in found), found
    assert rows(embedded_url, "SELECT count(*) FROM quarantine") == [(0,)]
    assert rows(embedded_url, "SELECT input_tokens, output_tokens FROM model_calls") == [(1200, 42)]


def test_the_same_spans_in_either_form_are_the_same_events(server: Accepting, embedded_url: str) -> None:
    (line,) = otlp_protobuf.read(protobuf_of("traces"), Signal.TRACES).lines
    post(server, "traces", protobuf_of("traces"), PROTOBUF)
    post(server, "traces", line, JSON)
    drain(embedded_url, server.folder)
    once = len([item for item in otlp.ADAPTER.parse([(0, line, line)], otlp.Memory()) if hasattr(item, "id")])
    assert rows(embedded_url, "SELECT count(*) FROM agent_events") == [(once,)]
    assert rows(embedded_url, "SELECT count(*) FROM quarantine") == [(0,)]


def test_what_a_trace_says_of_its_session_holds_for_later_requests(server: Accepting, embedded_url: str) -> None:
    chat = [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}]
    said = [*chat, {"key": "gen_ai.conversation.id", "value": {"stringValue": "c7"}}]
    start = {"startTimeUnixNano": "1788253200000000000", "endTimeUnixNano": "1788253201000000000"}
    post(server, "traces", spans(span(1, attributes=said, **start)), JSON)
    post(server, "traces", spans(span(2, attributes=chat, **start)), JSON)
    drain(embedded_url, server.folder)
    assert rows(embedded_url, "SELECT DISTINCT session_id FROM events") == [("otel:c7",)]


def test_secrets_are_redacted_before_they_reach_the_disk(server: Accepting) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    said = [{"key": "gen_ai.tool.call.arguments", "value": {"stringValue": json.dumps({"token": secret})}}]
    assert post(server, "traces", spans(span(attributes=said)), JSON).status_code == 200
    ((_, lines),) = contents_of(server.folder)
    assert secret.encode() not in lines
    assert b"redacted:" in lines
    assert server.service.counts["redactions"] == 1


def test_a_full_spool_asks_an_exporter_to_come_again(tmp_path: Path) -> None:
    with accepting(tmp_path / "spool", Limits(cap_bytes=10)) as server:
        answer = post(server, "traces", protobuf_of("traces"), PROTOBUF)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert Status.FromString(answer.content).code == 14


def test_the_sdk_of_opentelemetry_sends_here_unchanged(server: Accepting, embedded_url: str) -> None:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "shop-agent"}))
    for compression in (Compression.NoCompression, Compression.Gzip):
        exporter = OTLPSpanExporter(endpoint=f"{server.url}/v1/traces", compression=compression)
        provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("shop")
    with tracer.start_as_current_span("invoke_agent shop", attributes={"gen_ai.operation.name": "invoke_agent"}):
        for number in range(30):
            said = {"gen_ai.operation.name": "chat", "gen_ai.response.model": "gpt-5", "gen_ai.usage.input_tokens": 10,
                    "gen_ai.usage.output_tokens": number, "gen_ai.conversation.id": "c1"}  # fmt: skip
            with tracer.start_as_current_span("chat gpt-5", attributes=said):
                pass
    provider.shutdown()
    assert server.service.counts["accepted"] == 2 * 31, "each span, by both exporters"
    drain(embedded_url, server.folder)
    counted = rows(embedded_url, "SELECT count(*), sum(input_tokens), sum(output_tokens) FROM model_calls")
    assert counted == [(30, 300, sum(range(30)))]
    assert rows(embedded_url, "SELECT session_id FROM agent_sessions") == [("shop_agent:c1",)]
    assert rows(embedded_url, "SELECT count(*) FROM quarantine") == [(0,)]
