"""Whether the process lives, and whether it accepts. The database's absence is told, but is no reason to refuse."""

from starlette.responses import Response

from agentobs.errors import SpoolError
from agentobs.server.answers import answer
from agentobs.server.call import Call

_USUAL_BYTES = 1 << 20  # of a request; who has no room for one is not ready


async def get_healthz(call: Call) -> Response:
    """Say that the process answers."""
    return answer({"status": "ok"})


async def get_readyz(call: Call) -> Response:
    """Say whether the spool takes more, and how far the drain is behind."""
    service = call.service
    usage, reached = service.spool.usage(), service.drained()
    told = {
        "status": "ready",
        "spool_bytes": usage.held_bytes,
        "spool_cap_bytes": usage.cap_bytes,
        "disk_free_bytes": usage.free_bytes,
        "drain_behind_bytes": None if reached is None else max(reached.end - reached.position, 0),
        "drain_waits_for": None if reached is None else reached.waiting,
    }
    try:
        service.spool.admit(min(_USUAL_BYTES, usage.cap_bytes // 10))
    except SpoolError as error:
        retry = {"retry-after": str(error.retry_after_s)}
        return answer({**told, "status": "full", "error": str(error)}, 503, retry)
    return answer(told)
