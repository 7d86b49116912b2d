"""POST /v1/events: AgentEvents or the lines of a known agent; answered when all that is accepted is durable."""

import asyncio
import re
import time
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from agentobs.errors import RequestRefused
from agentobs.server import bodies
from agentobs.server.answers import answer
from agentobs.server.call import Call
from agentobs.server.intake import Asked, Intake, Taken
from agentobs.server.read_api_query import decode

_INLINE = 32 << 10  # a smaller body is taken at once, a larger one in a thread beside the event loop
_MOST_TOLD = 1000
_KEY = re.compile(r"[\x20-\x7e]{1,200}").fullmatch


class EventsQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What may be said of a body."""

    adapter: Annotated[str, Meta(description="whose lines these are; without it they are looked at")] | None = None
    stream: Annotated[str, Meta(max_length=4096, description="names lines that go on in later requests")] | None = None


async def post_events(call: Call) -> Response:
    """Accept a JSON array, NDJSON, or one object; say how many items are durable and why others are not."""
    request, service, began = call.request, call.service, time.perf_counter()
    asked = _asked(call)
    service.spool.admit(min(bodies.declared_size(request), call.body_cap_bytes))
    with service.in_hand() as weigh:
        sent = await bodies.read(request, service, call.body_cap_bytes, weigh)
        encoding = request.headers.get("content-encoding", "")
        if len(sent) <= _INLINE and not encoding:
            taken = service.intake.take(sent, asked)
        else:
            loop, cap = asyncio.get_running_loop(), call.body_cap_bytes
            taken = await loop.run_in_executor(service.pool, _take, service.intake, sent, encoding, cap, asked)
        weigh(sum(map(len, taken.payloads)))
        if taken.payloads:
            await asyncio.wrap_future(service.spool.append(taken.payloads))
    service.buckets.charge(call.principal, taken.accepted + len(taken.rejected))
    service.count(began, taken.accepted, len(taken.rejected), taken.redactions.total())
    return _told(taken)


def _take(intake: Intake, sent: bytes, encoding: str, cap_bytes: int, asked: Asked) -> Taken:
    return intake.take(bodies.decompressed(sent, encoding, cap_bytes), asked)


def _asked(call: Call) -> Asked:
    request, principal = call.request, call.principal
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY(key):
        raise RequestRefused("idempotency-key must be 1 to 200 printable ASCII characters", 400)
    query = decode(request.query_params, EventsQuery)
    return Asked(
        adapter=query.adapter,
        stream=query.stream,
        idempotency_key=key,
        project=principal.project,
        key=principal.key,
    )


def _told(taken: Taken) -> Response:
    """200 when anything was accepted or nothing was sent; 422 when all of it was refused."""
    told = {
        "accepted": taken.accepted,
        "rejected": len(taken.rejected),
        "errors": [{"index": one.index, "reason": one.reason} for one in taken.rejected[:_MOST_TOLD]],
    }
    return answer(told, 422 if taken.rejected and not taken.accepted else 200)
