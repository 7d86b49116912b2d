"""GET /v1/stream: events as they are committed, as server-sent events. `stream_socket` is the same by WebSocket."""

import asyncio
from contextlib import suppress

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from agentobs.errors import AgentobsError, RequestRefused
from agentobs.server.access import Principal
from agentobs.server.call import Call
from agentobs.server.live import Beat, Item, Live, Place, Selection, Slice
from agentobs.server.read_api_query import Cursor, Names, decode, projects

TAKEN_WITHIN_S = 120.0  # a client that takes nothing for so long has gone
ASKED_AGAIN_S = 60.0  # whether it still may
_HEADERS = {"cache-control": "no-cache, no-transform", "x-accel-buffering": "no"}
_encode = msgspec.json.Encoder().encode


class StreamQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to follow, and from where; without a cursor from now on. Last-Event-ID goes before `cursor`."""

    project: Names | None = None
    agent: Names | None = None
    session: Names | None = None
    type: Names | None = None
    cursor: Cursor | None = None


async def get_stream(call: Call) -> Response:
    """Follow what is committed."""
    selection, place = asked(call.request, call.principal)
    return EventStream(call, live_of(call), selection, place)


def live_of(call: Call) -> Live:
    """Return what can be followed; raise RequestRefused where nothing can."""
    if call.service.live is None:
        raise RequestRefused("this server only accepts: it was started without a database to read", 503)
    return call.service.live


def asked(request: Request, principal: Principal) -> tuple[Selection, Place | None]:
    """Return what a request wants to follow and from where; raise RequestRefused (400, 403, 404)."""
    query = decode(request.query_params, StreamQuery)
    cursor = request.headers.get("last-event-id") or query.cursor
    selection = Selection(
        project=_set(projects(principal, query.project)),
        agent=_set(query.agent),
        session=_set(query.session),
        type=_set(query.type),
    )
    return selection, Place.of(cursor) if cursor else None


class EventStream(Response):
    """An answer that goes on until the client leaves, may no longer read, or the server stops."""

    media_type = "text/event-stream"

    def __init__(self, call: Call, live: Live, selection: Selection, place: Place | None) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._call = call
        self._live = live
        self._selection = selection
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until one side ends it."""
        try:
            async with self._live.following(self._selection, self._place) as following:
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                gone = asyncio.create_task(_gone(receive))
                sending = asyncio.create_task(self._send(following, send))
                try:
                    await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for task in (gone, sending):
                        task.cancel()
                        with suppress(asyncio.CancelledError, TimeoutError, OSError):
                            await task
        except RequestRefused as error:
            from agentobs.server.answers import refusal

            await refusal(error)(scope, receive, send)

    async def _send(self, following, send: Send) -> None:
        allowed = Allowed(self._call)
        async for items in following:
            if not await allowed.still():
                break
            async with asyncio.timeout(TAKEN_WITHIN_S):
                await send({"type": "http.response.body", "body": b"".join(map(framed, items)), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class Allowed:
    """Asks from time to time whether who follows still may: keys are revoked and expire."""

    def __init__(self, call: Call) -> None:
        from agentobs.server.routes import ROUTES

        self._call = call
        self._route = next(route for route in ROUTES if route.path == "/v1/stream")
        self._loop = asyncio.get_running_loop()
        self._at = self._loop.time()

    async def still(self) -> bool:
        """Tell whether it may."""
        if self._loop.time() - self._at < ASKED_AGAIN_S:
            return True
        self._at = self._loop.time()
        try:
            principal = await self._call.service.access(self._call.request, self._route)
        except AgentobsError as error:
            return error.retryable  # the keys cannot be asked now: that is no refusal
        return principal.project == self._call.principal.project


def framed(item: Item) -> bytes:
    """Return an item as server-sent events; a beat only moves the cursor."""
    if isinstance(item, Slice):
        return item.framed
    if isinstance(item, Beat):
        return b": beat\nid: %b\n\n" % item.cursor.encode()
    return b"id: %b\nevent: gap\ndata: %b\n\n" % (item.upto.encode(), _encode(item))


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _set(names: list[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)
