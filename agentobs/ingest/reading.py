"""From the bytes of one source to pieces of events: redacted, parsed, counted; with and without a database."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from agentobs.adapters._base import Adapter
from agentobs.events import Event, Line, Reject, Skip
from agentobs.ingest import tail
from agentobs.redaction import Redactor
from agentobs.store.batch import Counts, Rejected

_WEEK = 7 * 86_400_000_000
MOST_WEEKS = 31  # a batch opens at most so many new chunks of the hypertable
MOST_EVENTS = 8_000
_LANES = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens")


class Memory(msgspec.Struct):
    """What reading on from an offset needs: saved with it."""

    parser: msgspec.Raw
    events: int = 0  # read so far: the next event's seq
    first_ts: int | None = None
    unterminated: bool = False  # the last line had no newline; one that follows belongs to it
    directories: dict[str, str] = msgspec.field(default_factory=dict)  # session -> first working directory


class Piece(msgspec.Struct):
    """What was read between two offsets. `memory` is the reader's own: as after this piece until the next is read."""

    start: int
    end: int
    events: list[Event]
    rejects: list[Rejected]
    counts: Counts
    memory: Memory


class Reader:
    """Reads one source from an offset on; its memory moves along."""

    def __init__(self, adapter: Adapter, redactor: Redactor | None, saved: bytes | None) -> None:
        self._adapter = adapter
        self._redactor = redactor
        self.memory = msgspec.json.decode(saved, type=Memory) if saved else Memory(msgspec.Raw(b"{}"))
        self._state: Any = msgspec.json.decode(self.memory.parser, type=adapter.memory)

    def read(self, fd: int, position: int, *, final: bool) -> Iterator[Piece]:
        """Yield the pieces from a position to the end of what is complete."""
        if self.memory.unterminated and os.pread(fd, 1, position) == b"\n":
            position += 1
            piece = self._piece(position - 1)
            self.memory.unterminated = False
            yield self._close(piece, position)
        for chunk in tail.chunks(fd, position, final=final):
            if isinstance(chunk, tail.HugeLine):
                yield self._huge(chunk)
            else:
                yield from self._chunk(chunk)

    def _chunk(self, chunk: tail.Chunk) -> Iterator[Piece]:
        originals = chunk.data.split(b"\n")
        if not chunk.unterminated:
            originals.pop()
        redacted, altered, found = self._redact(chunk.data, originals)
        lines = _Lines(chunk.start, originals, redacted)
        counted = 0
        while lines.left:
            piece = self._piece(lines.offset)
            counted = self._fill(piece, lines)
            hits = {index for index in altered if lines.index - counted <= index < lines.index}
            if hits and found:
                piece.counts.redactions, found = found, Counter()  # a chunk's hits are counted with its first piece
            self.memory.unterminated = chunk.unterminated and not lines.left
            end = lines.offset - 1 if self.memory.unterminated else lines.offset
            yield self._close(piece, end)

    def _redact(self, data: bytes, originals: list[bytes]) -> tuple[list[bytes], list[int], Counter[str]]:
        if self._redactor is None:
            return originals, [], Counter()
        redacted = self._redactor.chunk(data)
        return redacted.lines, redacted.altered, redacted.counts

    def _fill(self, piece: Piece, lines: "_Lines") -> int:
        """Parse lines into a piece until it is full; return how many."""
        before, last_offset, events, counts = lines.index, -1, piece.events, piece.counts
        weeks: set[int] = set()
        lines.full = False
        seq = self.memory.events
        for item in self._adapter.parse(lines, self._state):
            if isinstance(item, Event):
                item.seq = seq
                seq += 1
                events.append(item)
                weeks.add(item.ts // _WEEK)
                lines.full = len(weeks) >= MOST_WEEKS or len(events) >= MOST_EVENTS
                if item.offset != last_offset:
                    counts.event_records += 1
                    last_offset = item.offset
                if item.usage is not None:
                    _count_physical(item, counts.physical)
                if item.type == "unknown":
                    counts.unknowns[f"{item.agent_version or '?'} {item.native_type or '?'}"] += 1
            elif isinstance(item, Skip):
                counts.skips[item.reason] += 1
            else:
                piece.rejects.append(_rejected(item))
        counts.records += lines.index - before
        self.memory.events = seq
        if self.memory.first_ts is None and events:
            self.memory.first_ts = events[0].ts
        return lines.index - before

    def _huge(self, line: tail.HugeLine) -> Piece:
        piece = self._piece(line.start)
        head = line.head if self._redactor is None else self._redactor.text(line.head)
        reason = f"line of {line.size_bytes} bytes is longer than {tail.LINE_CAP}"
        piece.rejects.append(Rejected(line.start, reason, head, line.size_bytes, line.sha256))
        piece.counts.records = 1
        return self._close(piece, line.start + line.size_bytes + 1)

    def _piece(self, start: int) -> Piece:
        return Piece(start, start, [], [], Counts(), self.memory)

    def _close(self, piece: Piece, end: int) -> Piece:
        piece.end = end
        self.memory.parser = msgspec.Raw(msgspec.json.encode(self._state))
        return piece


class _Lines:
    """Hands lines to a parser, and stops between two of them when the piece is full."""

    def __init__(self, start: int, originals: Sequence[bytes], redacted: Sequence[bytes]) -> None:
        self.offset = start
        self.index = 0
        self.full = False
        self._originals = originals
        self._redacted = redacted

    @property
    def left(self) -> int:
        return len(self._originals) - self.index

    def __iter__(self) -> Iterator[Line]:
        for original, line in zip(self._originals[self.index :], self._redacted[self.index :], strict=True):
            if self.full:
                return
            offset = self.offset
            self.index += 1
            self.offset = offset + len(original) + 1
            yield offset, line, original


def weeks_of(events: Iterable[Event]) -> set[int]:
    """Return the numbers of the weeks (chunks of the hypertable) that these events fall into."""
    return {event.ts // _WEEK for event in events}


def _rejected(reject: Reject) -> Rejected:
    size = len(reject.raw) if reject.size_bytes is None else reject.size_bytes
    return Rejected(reject.offset, reject.reason, reject.raw[: 64 * 1024], size, reject.sha256)


def _count_physical(event: Event, physical: Counter[str]) -> None:
    usage = event.usage
    assert usage is not None
    physical["records"] += 1
    for lane in _LANES:
        tokens = getattr(usage, lane)
        if tokens:
            physical[lane] += tokens
