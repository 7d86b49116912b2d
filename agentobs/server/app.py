"""The application: every route of the table, guarded, its errors turned into answers."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.routing import Route as Mounted
from starlette.websockets import WebSocket

from agentobs.errors import AgentobsError, RequestRefused
from agentobs.server.access import Principal
from agentobs.server.answers import answer
from agentobs.server.call import Call
from agentobs.server.routes import ROUTES, Route
from agentobs.server.service import Service
from agentobs.server.stream_socket import refuse, request_of

_log = logging.getLogger("agentobs.server")


def create_app(service: Service, routes: Sequence[Route] = ROUTES) -> Starlette:
    """Return the application on a service; it closes the service when it goes down."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        service.close()

    return Starlette(
        routes=[mounted for route in routes for mounted in _mounted(route, service)],
        exception_handlers={HTTPException: _refused},  # pyright: ignore[reportArgumentType]
        lifespan=lifespan,
    )


def _mounted(route: Route, service: Service) -> list[BaseRoute]:
    mounted: list[BaseRoute] = [Mounted(route.path, _guarded(route, service), methods=list(route.methods))]
    if route.socket is not None:
        mounted.append(WebSocketRoute(route.path, _guarded_socket(route, service)))
    return mounted


def _guarded_socket(route: Route, service: Service) -> Callable[[WebSocket], Awaitable[None]]:
    async def endpoint(socket: WebSocket) -> None:
        request = request_of(socket)
        try:
            principal = await service.access(request, route)
            service.buckets.admit(principal)
            assert route.socket is not None
            if route.audited is not None:
                _note(service, principal, route.audited, request)
            await route.socket(socket, Call(request, principal, service, 0))
        except AgentobsError as error:
            service.counts[f"{type(error).__name__}"] += 1
            await refuse(socket, error)

    return endpoint


def _guarded(route: Route, service: Service) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            principal = await service.access(request, route)
            service.buckets.admit(principal)
            response = await route.endpoint(Call(request, principal, service, route.body_cap_bytes))
            if route.audited is not None and response.status_code < 400:
                _note(service, principal, route.audited, request)
        except AgentobsError as error:
            service.counts[f"{type(error).__name__}"] += 1
            return route.refused(error, request)
        except Exception as error:  # noqa: BLE001 the door: a client gets an answer, the log the kind and place
            where = error.__traceback__
            while where is not None and where.tb_next is not None:
                where = where.tb_next
            place = "" if where is None else f" at {where.tb_frame.f_code.co_qualname}:{where.tb_lineno}"
            _log.error("%s %s failed: %s%s", request.method, route.path, type(error).__name__, place)
            return route.refused(RequestRefused("unexpected; see the server's log", 500), request)
        return response

    return endpoint


def _note(service: Service, principal: Principal, action: str, request: Request) -> None:
    if service.audit is not None:
        target = request.path_params.get("session") or request.url.path
        service.audit.note(principal, action, target[:500], None if request.client is None else request.client.host)


async def _refused(_: Request, error: HTTPException) -> Response:
    return answer({"error": str(error.detail).lower()}, error.status_code, dict(error.headers or {}))
