"""Segments of the spool: files of frames, each with its length, checksum and number, so that damage is seen and passed.

A segment's name says the address of its first byte, the number of its first frame, and its marker: eight random bytes
that begin each of its frames. Nobody outside knows them, so that no payload can pretend to hold a frame, and after
damage the next frame is found by looking for them. An address is a place in the whole spool: base + offset. Addresses
only grow; a segment is never written again by another process than the one that made it.
"""

import os
import re
import secrets
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

SPAN = 1 << 28  # addresses kept for a segment whose end is not certain; none is longer
_HEAD = struct.Struct(">8sIIQ")  # marker, length of the payload, CRC-32 of what follows and the payload, number
_NUMBERS = struct.Struct(">IQ")
HEAD_BYTES = _HEAD.size
_NAME = re.compile(r"([0-9a-f]{16})-([0-9a-f]{16})-([0-9a-f]{16})\.spool").fullmatch
_BLOCK = 4 << 20


class Segment(NamedTuple):
    """One file of the spool."""

    base: int
    first: int  # number of its first frame
    marker: bytes
    path: Path


class Header(msgspec.Struct, omit_defaults=True):
    """What a frame says of its lines. The time of its arrival is not here: nothing may depend on it."""

    adapter: str
    project: str | None = None  # whose key sent it; None: the owner of this machine
    key: str | None = None
    stream: str | None = None  # lines of one stream follow each other over several requests
    identity: str = ""  # of the request: its Idempotency-Key, else a hash of its body
    index: int = 0  # of the first line in its request
    goes_on: bool = False  # a frame of the same request comes before this one
    holes: list[int] = []  # indexes between the lines whose items were refused or empty
    redactions: dict[str, int] = {}  # secrets replaced, by rule
    rules: str = ""  # version of those rules
    digests: dict[int, int] = {}  # of what was redacted -> of what was sent: ids are made from that


class Frame(NamedTuple):
    """A whole frame, by offsets in its segment."""

    start: int
    end: int
    number: int
    payload: bytes

    @property
    def body(self) -> int:
        """Offset of the first line."""
        return self.start + HEAD_BYTES + self.payload.index(b"\n") + 1

    def header(self) -> Header:
        """Return what it says of its lines."""
        return _decode_header(self.payload[: self.payload.index(b"\n")])

    def lines(self) -> bytes:
        """Return its lines, joined by newlines."""
        return self.payload[self.payload.index(b"\n") + 1 :]


class Damage(NamedTuple):
    """Bytes that are no frame, by offsets in their segment."""

    start: int
    end: int


_decode_header = msgspec.json.Decoder(Header).decode


def payload_of(header: Header, lines: bytes) -> bytes:
    """Return what a frame carries."""
    return b"%b\n%b" % (msgspec.json.encode(header), lines)


def encode(marker: bytes, number: int, payload: bytes) -> tuple[bytes, bytes]:
    """Return the two parts of a frame."""
    crc = zlib.crc32(payload, zlib.crc32(_NUMBERS.pack(len(payload), number)))
    return _HEAD.pack(marker, len(payload), crc, number), payload


def new_segment(folder: Path, base: int, first: int) -> Segment:
    """Return a segment that is not there yet."""
    marker = secrets.token_bytes(8)
    return Segment(base, first, marker, folder / f"{base:016x}-{first:016x}-{marker.hex()}.spool")


def segments_in(folder: Path) -> list[Segment]:
    """Return the segments of a spool in the order of their addresses."""
    found = []
    for entry in os.scandir(folder):
        match = _NAME(entry.name)
        if match is not None:
            base, first, marker = match.groups()
            found.append(Segment(int(base, 16), int(first, 16), bytes.fromhex(marker), folder / entry.name))
    return sorted(found)


def frames(fd: int, segment: Segment, offset: int, *, sealed: bool) -> Iterator[Frame | Damage]:
    """Yield the frames from an offset on, and the damage between them.

    A frame whose end is not there yet may still be in the writing: it ends the iteration, unless nobody writes to the
    segment any more (`sealed`).
    """
    block, at = b"", offset  # what was read, and where it begins
    while True:
        frame = _frame(block, offset - at, segment.marker)
        if isinstance(frame, int):  # so many bytes are needed
            at, block = offset, os.pread(fd, max(frame, _BLOCK), offset)
            frame = _frame(block, 0, segment.marker)
        if isinstance(frame, tuple):
            number, start, end = frame
            yield Frame(offset, at + end, number, block[start:end])
            offset = at + end
            continue
        if offset - at >= len(block):
            return
        found = _next_frame(fd, segment.marker, offset + 1)
        if found is None and not sealed:
            return
        end = os.fstat(fd).st_size if found is None else found
        if end <= offset:
            return
        yield Damage(offset, end)
        at, block, offset = end, b"", end


def _frame(block: bytes, place: int, marker: bytes) -> tuple[int, int, int] | int | None:
    """The frame at a place: (number, start and end of its payload); bytes it needs; None: no frame begins here."""
    if place + HEAD_BYTES > len(block):
        return HEAD_BYTES
    found, length, crc, number = _HEAD.unpack_from(block, place)
    if found != marker or length > SPAN:
        return None
    start = place + HEAD_BYTES
    end = start + length
    if end > len(block):
        return HEAD_BYTES + length
    with memoryview(block) as view:
        right = zlib.crc32(view[start:end], zlib.crc32(_NUMBERS.pack(length, number))) == crc
    return (number, start, end) if right else None


def _next_frame(fd: int, marker: bytes, offset: int) -> int | None:
    """Return where the next whole frame begins."""
    while block := os.pread(fd, _BLOCK, offset):
        place = block.find(marker)
        if place < 0:
            if len(block) < len(marker):
                return None
            offset += len(block) - len(marker) + 1
            continue
        offset += place
        frame = _frame(block, place, marker)
        if isinstance(frame, int):
            frame = _frame(os.pread(fd, frame, offset), 0, marker)
        if isinstance(frame, tuple):
            return offset
        offset += 1
    return None
