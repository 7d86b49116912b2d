"""Deterministic ids. The same input gives the same ids on every machine, in every order of reading."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from struct import Struct

_is_uuid = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}").fullmatch
_SURROGATES = re.compile("[\ud800-\udfff]")
_LOW_62 = (1 << 62) - 1
_VERSION, _VARIANT = 8 << 12, 2 << 62  # UUID version 8 (RFC 9562, section 5.8), in its two halves
_eight_bytes = Struct(">Q").unpack
_ten_bytes = Struct(">HQ").unpack
_sixteen_bytes = Struct(">QQ").pack


def event_id(ts: int, *parts: str | bytes) -> bytes:
    """Return the 16 bytes of a UUIDv8: 48 bits of milliseconds of `ts` (microseconds), then 74 bits of a hash.

    The id implies the time and sorts by it. The parts are the adapter's choice: (agent, native uuid, part) where the
    record has a uuid of its own; else everything that makes the record what it is.
    """
    try:
        text = "\0".join(parts).encode()  # pyright: ignore[reportCallIssue, reportArgumentType]
    except (TypeError, UnicodeEncodeError):  # bytes among them, or lone surrogates
        text = b"\0".join(
            [part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass") for part in parts]
        )
    top, low = _ten_bytes(blake2b(text, digest_size=10).digest())
    return _sixteen_bytes(
        ts // 1000 << 16 | _VERSION | (top & 0x3FF) << 2 | low >> 62,
        _VARIANT | low & _LOW_62,
    )


def content_digest(*parts: bytes) -> int:
    """Return 63 bits of a hash of the parts: what an event carries, to tell a copy from a conflict."""
    digest = _eight_bytes(blake2b(b"\0".join(parts), digest_size=8).digest())[0] >> 1
    return digest if _thread.of is None else _thread.of(digest)


class _Thread(threading.local):
    of: Callable[[int], int] | None = None  # what becomes of a digest in this thread


_thread = _Thread()


@contextmanager
def digests_through(of: Callable[[int], int]) -> Iterator[None]:
    """Give each digest that is taken in this thread to a function, and what it returns to who takes it.

    Who may no longer have the original of a record, but knows its digest, puts it in the place of that of the copy.
    """
    before, _thread.of = _thread.of, of
    try:
        yield
    finally:
        _thread.of = before


def source_key(*parts: str) -> int:
    """Return 63 bits of a hash of text parts, as a key for what has no number of its own."""
    return content_digest(*(part.encode("utf-8", "surrogatepass") for part in parts))


def clean_text(text: str) -> str:
    """Return the text with what PostgreSQL refuses (NUL, lone surrogates) replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def is_uuid(text: str) -> bool:
    """Tell whether a native id is a uuid, and so unique everywhere by itself."""
    return len(text) == 36 and _is_uuid(text) is not None
