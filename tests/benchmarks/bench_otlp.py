"""OTLP/HTTP in protobuf: spans a second that are stored, each request durable before its 2xx.

`python -m tests.benchmarks.bench_otlp`. Clients send what a traced agent sends, model calls and tool calls in turn, in
batches of 1,000: at a rate, whether or not earlier ones were answered, or (--rate 0) without a pause. The clock runs
from the first request to the last commit; at the end all that was answered 200 is stored, or the run is a failure. The
answers of the first seconds are left out of what is said of them.
"""

import argparse
import http.client
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from agentobs.store import embedded
from tests.benchmarks.bench_server import start

BATCH = 1_000
START = 1_788_253_200_000_000_000
_PATIENCE_S = 300


def request(first: int, count: int = BATCH) -> bytes:
    """Return an export request with spans of several sessions, numbered from `first` on."""
    export = ExportTraceServiceRequest()
    group = export.resource_spans.add()
    _say(group.resource.attributes, "service.name", "shop-agent")
    scoped = group.scope_spans.add()
    scoped.scope.name = "shop"
    for number in range(first, first + count):
        span = scoped.spans.add()
        span.trace_id = (number // 20 + 1).to_bytes(16, "big")
        span.span_id = (number + 1).to_bytes(8, "big")
        span.start_time_unix_nano = START + number * 1_000_000
        span.end_time_unix_nano = span.start_time_unix_nano + 500_000_000
        span.kind = 3
        span.status.code = 1
        said = _tool_call(number) if number % 2 else _model_call(number)
        span.name = f"{said['gen_ai.operation.name']} {number % 7}"
        for name, value in {**said, "gen_ai.conversation.id": f"session-{number // 200}"}.items():
            _say(span.attributes, name, value)
    return export.SerializeToString()


def _model_call(number: int) -> dict[str, str | int]:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5",
        "gen_ai.response.model": "gpt-5",
        "gen_ai.response.id": f"resp-{number:032}",
        "gen_ai.usage.input_tokens": 1_200,
        "gen_ai.usage.output_tokens": 80,
    }


def _tool_call(number: int) -> dict[str, str | int]:
    return {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "shell",
        "gen_ai.tool.call.id": f"call_{number:030}",
        "gen_ai.tool.call.arguments": '{"command":"ls -la src"}',
        "gen_ai.tool.call.result": "total 12\n-rw-r--r-- 1 ada ada 4096 app.py\n",
    }


def _say(attributes, name: str, value: str | int) -> None:
    pair = attributes.add()
    pair.key = name
    if isinstance(value, int):
        pair.value.int_value = value
    else:
        pair.value.string_value = value


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--spans", type=int, default=400_000)
    arguments.add_argument("--clients", type=int, default=8)
    arguments.add_argument("--rate", type=float, default=20_000, help="spans a second; 0: without a pause")
    arguments.add_argument("--cut", type=float, default=2.0, help="seconds of warm-up whose answers do not count")
    options = arguments.parse_args()
    bodies = [request(first) for first in range(0, options.spans, BATCH)]
    with tempfile.TemporaryDirectory(prefix="agentobs-bench-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        with embedded.start(home / "database") as database:
            server, port = start(home)
            try:
                _measure(bodies, options.clients, options.rate, options.cut, port, database.url)
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait(30)


def _measure(bodies: list[bytes], clients: int, rate: float, cut_s: float, port: int, url: str) -> None:
    taken, latencies, guard = iter(enumerate(bodies)), [], threading.Lock()
    began = time.perf_counter()

    def send() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
        while True:
            with guard:
                place, body = next(taken, (0, None))
            if body is None:
                connection.close()
                return
            at = time.perf_counter()
            if rate:
                due = began + place * BATCH / rate
                time.sleep(max(due - at, 0))
                at = due
            connection.request("POST", "/v1/traces", body, {"content-type": "application/x-protobuf"})
            answer = connection.getresponse()
            told = answer.read()
            assert (answer.status, told) == (200, b""), (answer.status, told)
            if at - began >= cut_s:
                latencies.append(time.perf_counter() - at)

    threads = [threading.Thread(target=send) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    accepted_s = time.perf_counter() - began
    spans = len(bodies) * BATCH
    stored_s, events, rejected = _stored(url, spans, began)
    latencies.sort()
    p50, p95, p99 = (latencies[int(len(latencies) * share)] * 1000 for share in (0.5, 0.95, 0.99))
    megabytes = sum(map(len, bodies)) / 1e6
    accepted = (
        f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms, max {latencies[-1] * 1000:.0f} ms after they were due"
    )
    stored = f"the last one {stored_s - accepted_s:.1f} s after its answer; in the quarantine: {rejected}"
    told = (
        f"{spans:,} spans, {megabytes:,.0f} MB in protobuf, {os.cpu_count()} cores",
        f"accepted {spans / accepted_s:,.0f} spans/s, {accepted}",
        f"stored   {spans / stored_s:,.0f} spans/s = {events / stored_s:,.0f} events/s, {stored}",
    )
    sys.stdout.write("\n".join(told) + "\n")


def _stored(url: str, spans: int, began: float) -> tuple[float, int, int]:
    """Wait until every span is stored; return when that was, how many events they are, how many were rejected."""
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            (calls,) = connection.execute(
                "SELECT (SELECT count(*) FROM model_calls) + (SELECT count(*) FROM tool_calls)"
            ).fetchone() or (0,)
            if calls >= spans:
                break
            assert time.perf_counter() - began < _PATIENCE_S, f"{calls} of {spans} spans are stored"
            time.sleep(0.1)
        took = time.perf_counter() - began
        assert calls == spans, "twice"
        (events,), (rejected,) = (
            connection.execute(query).fetchone() or (0,)
            for query in ("SELECT count(*) FROM agent_events", "SELECT count(*) FROM quarantine")
        )
        return took, events, rejected


if __name__ == "__main__":
    main()
