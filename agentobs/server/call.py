"""One request, with who asks and what all requests share: what every endpoint gets."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from agentobs.server.access import Principal
from agentobs.server.service import Service


class Call(NamedTuple):
    """What an endpoint gets."""

    request: Request
    principal: Principal
    service: Service
    body_cap_bytes: int


Endpoint = Callable[[Call], Awaitable[Response]]
