"""OTLP/HTTP: POST /v1/traces, /v1/logs and /v1/metrics, in protobuf or JSON; answered when what is taken is durable.

Claude Code, Codex, Gemini CLI, SDKs and the Collector send here with their usual settings. Metrics are kept like the
rest, and left out by the adapter under that reason: nothing is made of them yet.
"""

import asyncio
import time
from collections import Counter

import msgspec
from starlette.responses import Response

from agentobs.adapters import otlp
from agentobs.errors import RequestRefused
from agentobs.ingest._segments import Header
from agentobs.redaction import Redactor
from agentobs.server import bodies, otlp_json, otlp_protobuf
from agentobs.server.call import Call
from agentobs.server.intake import identity_of, payloads_of
from agentobs.server.otlp_answers import JSON, PROTOBUF, form_of, told
from agentobs.server.otlp_lines import Export, Signal

STREAM = "otlp"  # what a trace said of its session holds for its later requests
_INLINE = 8 << 10
_READERS = {PROTOBUF: otlp_protobuf.read, JSON: otlp_json.read}


class Taken(msgspec.Struct):
    """A request that was taken apart."""

    export: Export
    payloads: list[bytes]
    redactions: Counter[str]


async def post_traces(call: Call) -> Response:
    """Accept spans."""
    return await _post(call, Signal.TRACES)


async def post_logs(call: Call) -> Response:
    """Accept log records."""
    return await _post(call, Signal.LOGS)


async def post_metrics(call: Call) -> Response:
    """Accept data points."""
    return await _post(call, Signal.METRICS)


async def _post(call: Call, signal: Signal) -> Response:
    request, service, began = call.request, call.service, time.perf_counter()
    form = form_of(request)
    if form is None:
        raise RequestRefused(f"content-type must be {PROTOBUF} or {JSON}", 415)
    service.spool.admit(min(bodies.declared_size(request), call.body_cap_bytes))
    with service.in_hand() as weigh:
        sent = await bodies.read(request, service, call.body_cap_bytes, weigh)
        encoding = request.headers.get("content-encoding", "")
        header = Header(adapter=otlp.NAME, project=call.principal.project, key=call.principal.key, stream=STREAM)

        def take() -> Taken:
            body = bodies.decompressed(sent, encoding, call.body_cap_bytes)
            return taken(body, signal, form, header, service.redactor)

        if len(sent) <= _INLINE and not encoding:
            found = take()
        else:
            found = await asyncio.get_running_loop().run_in_executor(service.pool, take)
        weigh(sum(map(len, found.payloads)))
        if found.payloads:
            await asyncio.wrap_future(service.spool.append(found.payloads))
    service.buckets.charge(call.principal, found.export.accepted + found.export.rejected)
    service.count(began, found.export.accepted, found.export.rejected, found.redactions.total())
    return told(found.export, signal, form)


def taken(body: bytes, signal: Signal, form: str, header: Header, redactor: Redactor) -> Taken:
    """Return the payloads of a body, and what is told of it; raise RequestRefused when it cannot be decoded."""
    export = _READERS[form](body, signal)
    clean = redactor.lines(export.lines)
    own = msgspec.structs.replace(header, identity=identity_of(body, None), rules=redactor.version)
    return Taken(export, payloads_of(own, list(enumerate(clean.lines)), clean.counts), clean.counts)
