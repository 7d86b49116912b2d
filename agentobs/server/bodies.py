"""The body of a request: read with patience that ends, decompressed up to a cap."""

import asyncio
import io
import zlib
from collections.abc import Callable

import zstandard
from starlette.requests import ClientDisconnect, Request

from agentobs.errors import RequestRefused
from agentobs.server.service import Service

_PIECE = 1 << 20
_WINDOW = 32 << 20


async def read(request: Request, service: Service, cap_bytes: int, weigh: Callable[[int], None]) -> bytes:
    """Return the body as it was sent; raise RequestRefused (413, 408) when it is too large or comes too slowly."""
    if declared_size(request) > cap_bytes:
        raise _too_large(cap_bytes)
    loop, patience = asyncio.get_running_loop(), service.patience
    end, pieces, size = loop.time() + patience.body_s, [], 0
    try:
        async with asyncio.timeout_at(min(loop.time() + patience.step_s, end)) as timer:
            async for piece in request.stream():
                timer.reschedule(min(loop.time() + patience.step_s, end))
                weigh(len(piece))
                size += len(piece)
                if size > cap_bytes:
                    raise _too_large(cap_bytes)
                pieces.append(piece)
    except TimeoutError as error:
        raise RequestRefused(f"the body came too slowly: {size} bytes so far; send smaller batches", 408) from error
    except ClientDisconnect as error:
        raise RequestRefused("the client went away before its body was here", 400) from error
    return b"".join(pieces)


def declared_size(request: Request) -> int:
    """Return how many bytes a body is said to have; 0 where nothing is said."""
    declared = request.headers.get("content-length", "")
    return int(declared) if declared.isdecimal() and len(declared) < 20 else 0


def decompressed(body: bytes, encoding: str, cap_bytes: int) -> bytes:
    """Return the body as it was before its Content-Encoding; raise RequestRefused (413, 415, 400)."""
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return body
    if name not in _DECODERS:
        raise RequestRefused(f"content-encoding {encoding[:40]!r} is not known; send gzip, zstd or none", 415)
    try:
        return _DECODERS[name](body, cap_bytes)
    except (zlib.error, zstandard.ZstdError) as error:
        raise RequestRefused(f"the body is no valid {name}: {error}", 400) from error


def _gunzip(body: bytes, cap_bytes: int) -> bytes:
    pieces, size = [], 0
    while body:
        decoder = zlib.decompressobj(31)
        while not decoder.eof:
            piece = decoder.decompress(body, _PIECE)
            body = decoder.unconsumed_tail
            size += len(piece)
            if size > cap_bytes:
                raise _too_large(cap_bytes)
            if not piece and not body and not decoder.eof:
                raise RequestRefused("the body is no valid gzip: it ends too early", 400)
            pieces.append(piece)
        body = decoder.unused_data
    return b"".join(pieces)


def _unzstd(body: bytes, cap_bytes: int) -> bytes:
    pieces, size = [], 0
    decoder = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
    with decoder.stream_reader(io.BytesIO(body), read_across_frames=True) as stream:
        while piece := stream.read(_PIECE):
            size += len(piece)
            if size > cap_bytes:
                raise _too_large(cap_bytes)
            pieces.append(piece)
    return b"".join(pieces)


def _too_large(cap_bytes: int) -> RequestRefused:
    return RequestRefused(f"the body is larger than {cap_bytes} bytes; send smaller batches", 413)


_DECODERS = {"gzip": _gunzip, "x-gzip": _gunzip, "zstd": _unzstd}
