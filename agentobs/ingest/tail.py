"""Append-only line files: who a file is, and its complete lines from an offset on."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b, sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from agentobs.errors import SourceError

CHUNK = 4 << 20
LINE_CAP = 16 << 20
DOCUMENT_CAP = 256 << 20
_HEAD_KEPT = 64 * 1024
TAIL = 4096


class OpenFile(NamedTuple):
    """An open regular file, as it was when it was opened."""

    fd: int
    device: int
    inode: int
    size_bytes: int


class Chunk(NamedTuple):
    """Complete lines that begin at `start`; `data` ends with a newline unless `unterminated`."""

    start: int
    data: bytes
    unterminated: bool = False


class HugeLine(NamedTuple):
    """A line above the cap: its head and tail, its size without the newline, and its hash; read as a stream."""

    start: int
    head: bytes
    tail: bytes
    size_bytes: int
    sha256: str


@contextmanager
def open_regular(path: Path) -> Iterator[OpenFile]:
    """Open a file that is really one, without following a link or waiting for a FIFO; raise SourceError else."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        reason = "a link" if error.errno == errno.ELOOP else (error.strerror or "unreadable").lower()
        raise SourceError(reason) from error
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise SourceError("not a regular file")
        yield OpenFile(fd, status.st_dev, status.st_ino, status.st_size)
    finally:
        os.close(fd)


def head_hash(fd: int) -> bytes | None:
    """Return a hash of the first complete line (of its first 64 KiB); None while there is none."""
    return hash_head(os.pread(fd, _HEAD_KEPT, 0))


def hash_head(data: bytes, *, whole: bool = False) -> bytes | None:
    """Return the same of what a file begins with; of a document, of all of it."""
    if whole:
        return hash_bytes(data)
    head = data[:_HEAD_KEPT]
    end = head.find(b"\n")
    return None if end < 0 and len(head) < _HEAD_KEPT else hash_bytes(head[: end if end >= 0 else None])


def last_bytes(fd: int, position: int) -> bytes:
    """Return the last 4 KiB before a position."""
    start = max(position - TAIL, 0)
    return os.pread(fd, position - start, start)


def hash_bytes(data: bytes) -> bytes:
    """Return the hash that sources are known by."""
    return blake2b(data, digest_size=16).digest()


def chunks(fd: int, position: int, *, final: bool, size: int = CHUNK) -> Iterator[Chunk | HugeLine]:
    """Yield the complete lines from a position on, in pieces of about `size` bytes.

    Half a line at the end waits for its newline. With `final` a last line without one is yielded too, if it is a whole
    JSON object: many writers end their files so.
    """
    while data := os.pread(fd, size, position):
        end = data.rfind(b"\n") + 1
        if end:
            yield Chunk(position, data[:end])
            position += end
            continue
        line = _whole_line(fd, position)
        if line is None:
            rest = os.pread(fd, LINE_CAP, position) if final else b""
            if rest and is_object(rest):
                yield Chunk(position, rest, unterminated=True)
            return
        yield line
        position += line.size_bytes + 1 if isinstance(line, HugeLine) else len(line.data)


def document(fd: int) -> bytes:
    """Return all of a file that is one document; raise SourceError when it is larger than we take."""
    size = os.fstat(fd).st_size
    if size > DOCUMENT_CAP:
        raise SourceError(f"a document of {size} bytes; at most {DOCUMENT_CAP} are read")
    pieces = []
    while piece := os.pread(fd, CHUNK, sum(map(len, pieces))):
        pieces.append(piece)
    return b"".join(pieces)


def is_object(line: bytes) -> bool:
    """Tell whether a line is one whole JSON object."""
    if not line.lstrip().startswith(b"{"):
        return False
    try:
        msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _whole_line(fd: int, position: int) -> Chunk | HugeLine | None:
    """The line that begins here and is longer than a piece; None when its end is not written yet."""
    digest, length, head, last, pieces = sha256(), 0, b"", b"", []
    while piece := os.pread(fd, CHUNK, position + length):
        end = piece.find(b"\n")
        part = piece if end < 0 else piece[:end]
        if length + len(part) <= LINE_CAP:
            pieces.append(part)
        head, last = head or part[:_HEAD_KEPT], (last + part)[-TAIL:]
        digest.update(part)
        length += len(part)
        if length > LINE_CAP:
            pieces.clear()
        if end >= 0:
            if length > LINE_CAP:
                return HugeLine(position, head, last, length, digest.hexdigest())
            return Chunk(position, b"".join(pieces) + b"\n")
    return None
