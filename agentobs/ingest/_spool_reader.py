"""From the frames of a spool to pieces of events: each frame's lines by its own adapter; damage is told."""

import os
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from io import FileIO
from itertools import accumulate
from pathlib import Path

import msgspec

from agentobs.adapters._base import Adapter
from agentobs.errors import FenceError
from agentobs.events import Event, digests_through
from agentobs.ingest import _tenants
from agentobs.ingest._segments import Damage, Frame, Header, Segment, frames, segments_in
from agentobs.ingest.reading import MOST_EVENTS, MOST_WEEKS, Memory, Piece, Reader, _Lines
from agentobs.redaction import Redactor
from agentobs.store.batch import Rejected

NATIVE = "native"  # the adapter whose records may come without an id
_MOST_STREAMS = 1024
_MOST_BYTES = 8 << 20
_HEAD_OF_DAMAGE = 64 << 10


class Stream(msgspec.Struct, array_like=True):
    """What an adapter remembers of lines that follow each other over several requests."""

    request: str  # the last one
    before: msgspec.Raw  # what it remembered when that began: it may come again, and must give the same then
    after: msgspec.Raw


class SpoolMemory(Memory):
    """What reading on from an address needs, besides what every reader does."""

    number: int | None = None  # of the next frame
    frame: int | None = None  # address of the frame inside which the reading stopped
    streams: dict[str, Stream] = msgspec.field(default_factory=dict)  # the latest last
    state: msgspec.Raw = msgspec.Raw(b"{}")  # what an adapter remembers of the last request that belongs to no stream


class SpoolReader(Reader):
    """Reads a spool from an address on. `projects` says whose the events of the last piece are, by their ids."""

    memory: SpoolMemory

    def __init__(
        self, folder: Path, known: Mapping[str, Adapter], redactor: Redactor | None, saved: bytes | None
    ) -> None:
        self._folder = folder
        self._known = known
        self._redactor = redactor
        self.memory = msgspec.json.decode(saved, type=SpoolMemory) if saved else SpoolMemory(msgspec.Raw(b"{}"))
        self.projects: dict[bytes, str] = {}

    def read(self, position: int) -> Iterator[Piece]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Yield the pieces from an address to the end of what is complete."""
        self._begin(position)
        for segment, part in self._walk(position):
            if isinstance(part, Damage):
                self._damaged(segment, part)
            else:
                yield from self._frame(segment, part)
            if self._is_full():
                yield from self._end()
        yield from self._end()

    def _begin(self, position: int) -> None:
        self._now, self.projects = self._piece(position), {}

    def _is_full(self) -> bool:
        now = self._now
        return len(now.events) >= MOST_EVENTS or len(now.weeks) >= MOST_WEEKS or now.end - now.start >= _MOST_BYTES

    def _end(self) -> Iterator[Piece]:
        """Yield the piece in hand, if it has anything, and begin the next."""
        if self._now.end > self._now.start:
            yield self._now
            self._begin(self._now.end)

    def _walk(self, position: int) -> Iterator[tuple[Segment, Frame | Damage]]:
        segments = segments_in(self._folder)
        for place, segment in enumerate(segments):
            sealed = place + 1 < len(segments)
            if sealed and segments[place + 1].base <= position:
                continue
            inside = self.memory.frame if self.memory.frame is not None else position
            with _opened(segment) as file:
                for part in frames(file.fileno(), segment, max(inside - segment.base, 0), sealed=sealed):
                    yield segment, part

    def _frame(self, segment: Segment, frame: Frame) -> Iterator[Piece]:
        memory, header = self.memory, frame.header()
        address, body = segment.base + frame.start, segment.base + frame.body
        inside = memory.frame == address
        if not inside and self._now.events and len(self._now.events) + frame.payload.count(b"\n") > MOST_EVENTS:
            yield from self._end()
        self._missing(address, frame.number)
        adapter = self._known.get(header.adapter)
        lines = self._lines(frame, header, body, adapter)
        if inside:
            lines.skip_to(self._now.start)
        if lines.index == 0:
            self._now.counts.redactions.update(header.redactions)
        while adapter is not None and lines.left:
            self._parse(adapter, header, lines)
            if lines.left:
                memory.frame = address
                self._now.end = lines.offset
                yield from self._end()
        if adapter is None:
            self._unread(header, lines)
        memory.frame = None
        self._now.end = segment.base + frame.end

    def _lines(self, frame: Frame, header: Header, body: int, adapter: Adapter | None) -> "_FrameLines":
        text = frame.lines()
        originals = [text] if adapter is not None and adapter.whole else text.split(b"\n")
        redacted = originals
        if self._redactor is not None and header.rules != self._redactor.version:  # older rules may have left something
            found = self._redactor.lines(originals)
            redacted = found.lines
            self._now.counts.redactions.update(found.counts)
        return _FrameLines(body, originals, redacted)

    def _parse(self, adapter: Adapter, header: Header, lines: "_FrameLines") -> None:
        """Parse lines into the piece in hand until it is full."""
        piece = self._now
        counts, events, rejects = piece.counts, len(piece.events), len(piece.rejects)
        records, reads, skips = counts.records, counts.event_records, counts.skips.total()
        goes_on = header.goes_on or lines.index > 0
        self._adapter, self._state = adapter, self._recall(adapter, header, goes_on=goes_on)
        start = lines.offset
        if header.digests:
            with digests_through(lambda digest: header.digests.get(digest, digest)):
                self._fill(piece, lines)
        else:
            self._fill(piece, lines)
        new = piece.events[events:]
        if adapter.whole:  # its records are numbered; in the spool each needs a place of its own
            for event in new:
                event.offset += start
            piece.rejects[events:] = [_moved(reject, start) for reject in piece.rejects[events:]]
            read = counts.event_records - reads + counts.skips.total() - skips
            counts.records = records + read + len(piece.rejects) - rejects
        self._assign(new, adapter, header, lines)
        self._remember(adapter, header, goes_on=goes_on)

    def _assign(self, events: Sequence[Event], adapter: Adapter, header: Header, lines: "_FrameLines") -> None:
        """Give events the ids, keys and project of who sent them, and say who has read them."""
        project = header.project
        for event in events:
            event.reader, named = adapter.name, None
            if adapter.name == NATIVE:
                has_id, named = _tenants.sent_as(event)
                if not has_id and header.identity:
                    place = _index(lines.number(event.offset), header)
                    _tenants.by_place(event, project, header.identity, place)
            if project is not None:
                _tenants.claim(event, project)
            if project or named:
                self.projects[event.id] = project or named or ""

    def _recall(self, adapter: Adapter, header: Header, *, goes_on: bool) -> msgspec.Struct:
        """What the adapter remembers; a request that comes again begins with what it began with."""
        if header.stream is None:
            return msgspec.json.decode(self.memory.state if goes_on else b"{}", type=adapter.memory)
        stream = self.memory.streams.get(_stream(header))
        if stream is None:
            return _fresh(adapter, header)
        is_again = stream.request == header.identity and not goes_on
        return msgspec.json.decode(stream.before if is_again else stream.after, type=adapter.memory)

    def _remember(self, adapter: Adapter, header: Header, *, goes_on: bool) -> None:
        if adapter.name == NATIVE or not adapter.memory.__struct_fields__:  # ids by place need no memory
            return
        memory, saved = self.memory, msgspec.Raw(msgspec.json.encode(self._state))
        if header.stream is None:
            memory.state = saved
            return
        known = memory.streams.pop(_stream(header), None)
        if known is None:
            before = msgspec.Raw(msgspec.json.encode(_fresh(adapter, header)))
        else:
            before = known.before if goes_on or known.request == header.identity else known.after
        memory.streams[_stream(header)] = Stream(header.identity, before, saved)
        while len(memory.streams) > _MOST_STREAMS:
            del memory.streams[next(iter(memory.streams))]

    def _missing(self, address: int, number: int) -> None:
        """Tell when frames are not there that were written: numbers have no gaps."""
        expected = self.memory.number
        if expected is not None and number > expected:
            reason = f"the frames {expected} to {number - 1} of the spool are missing"
            self._reject(Rejected(address, reason, b"", 0))
        self.memory.number = number + 1

    def _damaged(self, segment: Segment, damage: Damage) -> None:
        size, digest, head = damage.end - damage.start, sha256(), b""
        with _opened(segment) as file:
            file.seek(damage.start)
            while size > 0 and (block := file.read(min(size, 4 << 20))):
                head = head or block[:_HEAD_OF_DAMAGE]
                digest.update(block)
                size -= len(block)
        size = damage.end - damage.start
        reason = f"{size} bytes of the spool are no frame"
        self._reject(Rejected(segment.base + damage.start, reason, head, size, digest.hexdigest()))
        self._now.end, self.memory.frame = segment.base + damage.end, None

    def _unread(self, header: Header, lines: "_FrameLines") -> None:
        for offset, line, _ in lines:
            reason = f"no adapter {header.adapter!r} is installed"
            self._reject(Rejected(offset, reason, line[:_HEAD_OF_DAMAGE], len(line)))

    def _reject(self, rejected: Rejected) -> None:
        self._now.rejects.append(rejected)
        self._now.counts.records += 1


class _FrameLines(_Lines):
    """The lines of one frame, by their addresses."""

    def __init__(self, start: int, originals: Sequence[bytes], redacted: Sequence[bytes]) -> None:
        super().__init__(start, originals, redacted)
        self._start = start
        self._offsets: list[int] | None = None

    def skip_to(self, offset: int) -> None:
        """Leave out the lines before an address."""
        self.index = self.number(offset)
        self.offset = offset

    def number(self, offset: int) -> int:
        """Return which line begins at an address."""
        if self._offsets is None:
            self._offsets = list(accumulate((len(line) + 1 for line in self._originals), initial=self._start))
        return bisect_right(self._offsets, offset) - 1


def _index(line: int, header: Header) -> int:
    """The index in its request of a line of a frame."""
    index = header.index + line
    for hole in header.holes:
        index += hole <= index
    return index


def _fresh(adapter: Adapter, header: Header) -> msgspec.Struct:
    """What is remembered before the first line of a stream."""
    state = msgspec.json.decode(b"{}", type=adapter.memory)
    if hasattr(state, "path"):
        state.path = header.stream  # pyright: ignore[reportAttributeAccessIssue]
    return state


def _stream(header: Header) -> str:
    return "\0".join((header.project or "", header.adapter, header.stream or ""))


def _moved(reject: Rejected, start: int) -> Rejected:
    return msgspec.structs.replace(reject, offset=reject.offset + start)


def _opened(segment: Segment) -> FileIO:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return FileIO(os.open(segment.path, flags), "rb")
    except FileNotFoundError as error:
        raise FenceError(f"another drain has removed {segment.path.name}") from error
