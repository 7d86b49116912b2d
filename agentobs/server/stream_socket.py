"""GET /v1/stream by WebSocket: JSON texts {"cursor", "events": [...]} or {"cursor", "gap": {}}; a beat has neither."""

import asyncio
from contextlib import suppress

import msgspec
from starlette.requests import Request
from starlette.websockets import WebSocket, WebSocketDisconnect

from agentobs.errors import AgentobsError
from agentobs.server.call import Call
from agentobs.server.live import Beat, Item, Slice
from agentobs.server.stream import TAKEN_WITHIN_S, Allowed, asked, live_of

GOING_AWAY, POLICY, TRY_AGAIN = 1001, 1008, 1013
_encode = msgspec.json.Encoder().encode


def request_of(socket: WebSocket) -> Request:
    """Return the handshake as the request that it is, so that it is guarded like every other."""
    scheme = "https" if socket.url.scheme == "wss" else "http"
    return Request({**socket.scope, "type": "http", "method": "GET", "scheme": scheme})


async def follow_stream(socket: WebSocket, call: Call) -> None:
    """Follow what is committed; what a client says is not listened to."""
    selection, place = asked(call.request, call.principal)
    async with live_of(call).following(selection, place) as following:
        await socket.accept()
        gone = asyncio.create_task(_gone(socket))
        sending = asyncio.create_task(_send(socket, call, following))
        try:
            await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (gone, sending):
                task.cancel()
                with suppress(asyncio.CancelledError, TimeoutError, OSError, WebSocketDisconnect, RuntimeError):
                    await task


async def refuse(socket: WebSocket, error: AgentobsError) -> None:
    """Answer a handshake that is refused, with the status that a request would get."""
    from agentobs.server.answers import refusal

    await socket.send_denial_response(refusal(error))


async def _send(socket: WebSocket, call: Call, following) -> None:
    allowed = Allowed(call)
    async for items in following:
        if not await allowed.still():
            await socket.close(POLICY)
            return
        async with asyncio.timeout(TAKEN_WITHIN_S):
            for item in items:
                await socket.send({"type": "websocket.send", "text": _told(item).decode()})
    await socket.close(GOING_AWAY)


def _told(item: Item) -> bytes:
    if isinstance(item, Slice):
        return item.joined
    if isinstance(item, Beat):
        return _encode({"cursor": item.cursor})
    return _encode({"cursor": item.upto, "gap": item})


async def _gone(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
