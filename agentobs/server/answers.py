"""Answers: JSON, and for what was refused its reason, its status, and when to come again. Never a payload."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agentobs.errors import AgentobsError, RequestRefused, SpoolError

_encode = msgspec.json.Encoder().encode
_EARLY = {408, 413}  # the rest of the body is not read: the connection cannot be used again


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a value as JSON."""
    return Response(_encode(value), status, headers, media_type="application/json")


def refusal(error: AgentobsError, _: Request | None = None) -> Response:
    """Return what a client is told about an error of ours."""
    if isinstance(error, RequestRefused):
        headers = {"connection": "close"} if error.status in _EARLY else {}
        if error.status == 401:
            headers["www-authenticate"] = "Bearer"
        if retry_after_s := getattr(error, "retry_after_s", 0):
            headers["retry-after"] = str(retry_after_s)
        return answer({"error": str(error)}, error.status, headers)
    if isinstance(error, SpoolError):
        return answer({"error": str(error)}, 503, {"retry-after": str(error.retry_after_s)})
    if error.retryable:
        return answer({"error": "the database does not answer now; try again"}, 503, {"retry-after": "5"})
    return answer({"error": f"{type(error).__name__}: see the server's log"}, 500)
