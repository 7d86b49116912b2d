"""From the bytes of one source to pieces of events: redacted, parsed, counted; with and without a database."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from agentobs.adapters._base import Adapter
from agentobs.events import Event, Line, Reject, Skip, Usage
from agentobs.ingest import documents, tail
from agentobs.redaction import Redactor
from agentobs.store.batch import Counts, Rejected

_WEEK = 7 * 86_400_000_000
MOST_WEEKS = 31  # a batch opens at most so many new chunks of the hypertable
MOST_EVENTS = 6_000


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
    weeks: set[int]  # chunks of the hypertable that its events fall into
    head_hash: bytes | None = None  # of the first line, in the piece that begins the source
    tail_hash: bytes = b""  # of the last 4 KiB before its end, as they were read


class Reader:
    """Reads one source from an offset on; its memory moves along."""

    def __init__(self, adapter: Adapter, redactor: Redactor | None, saved: bytes | None, path: Path) -> None:
        self._adapter = adapter
        self._redactor = redactor
        self._path = path
        self.memory = msgspec.json.decode(saved, type=Memory) if saved else Memory(msgspec.Raw(b"{}"))
        self._state: Any = msgspec.json.decode(self.memory.parser, type=adapter.memory)
        if not saved and hasattr(self._state, "path"):
            self._state.path = path.as_posix()
        self._read_last = b""  # the last bytes read, as they were then: the file may change under us

    def read(self, fd: int, position: int, *, final: bool, found: documents.Content | None = None) -> Iterator[Piece]:
        """Yield the pieces from a position to the end of what is complete; `found`: what a document holds, if known."""
        if self._adapter.whole:
            if position == 0:
                yield self._document(found or documents.content(self._adapter, fd, self._path))
            return
        self._read_last = tail.last_bytes(fd, position)
        if self.memory.unterminated:
            newline = next((end for end in (b"\n", b"\r\n") if os.pread(fd, len(end), position) == end), b"")
            if newline:
                self.memory.unterminated = False
                yield self._close(self._piece(position), newline)
                position += len(newline)
        for chunk in tail.chunks(fd, position, final=final):
            if isinstance(chunk, tail.HugeLine):
                yield self._huge(chunk)
            else:
                yield from self._chunk(chunk)

    def _document(self, found: documents.Content) -> Piece:
        """All of a document in one piece: a rewritten one replaces all of it at once."""
        piece = self._piece(0)
        counts, piece.end = piece.counts, found.size_bytes
        try:
            text = documents.unpacked(self._adapter, found)
        except ValueError as error:
            piece.rejects.append(Rejected(0, str(error), b"", found.size_bytes))
            counts.records = 1
        else:
            clean = text if self._redactor is None else self._redactor.text(text, counts.redactions)
            self._fill(piece, _Lines(0, [text], [clean]))
            counts.records = counts.event_records + counts.skips.total() + len(piece.rejects)
        return self._close(piece, found.data[-min(tail.TAIL, found.size_bytes) :], found.data)

    def _chunk(self, chunk: tail.Chunk) -> Iterator[Piece]:
        originals = chunk.data.split(b"\n")
        if not chunk.unterminated:
            originals.pop()
        redacted, altered, found = self._redact(chunk.data, originals)
        lines = _Lines(chunk.start, originals, redacted)
        while lines.left:
            piece, first = self._piece(lines.offset), lines.index
            self._fill(piece, lines)
            if first == 0 and not lines.left:
                piece.counts.redactions = found
            elif self._redactor is not None:  # the chunk makes several pieces: each counts the hits of its own lines
                own = [originals[index] for index in altered if first <= index < lines.index]
                piece.counts.redactions = self._redactor.lines(own).counts if own else Counter()
            self.memory.unterminated = chunk.unterminated and not lines.left
            end = lines.offset - 1 if self.memory.unterminated else lines.offset
            yield self._close(piece, chunk.data[piece.start - chunk.start : end - chunk.start])

    def _redact(self, data: bytes, originals: list[bytes]) -> tuple[list[bytes], list[int], Counter[str]]:
        if self._redactor is None:
            return originals, [], Counter()
        redacted = self._redactor.chunk(data)
        return redacted.lines, redacted.altered, redacted.counts

    def _fill(self, piece: Piece, lines: "_Lines") -> None:
        """Parse lines into a piece until it is full."""
        counts, weeks, last_offset, before = piece.counts, piece.weeks, -1, lines.index
        append, seq = piece.events.append, self.memory.events
        enough, lines.full = seq + MOST_EVENTS, False
        for item in self._adapter.parse(lines, self._state):
            if not isinstance(item, Event):
                _set_aside(item, piece)
                continue
            item.seq = seq
            seq += 1
            append(item)
            weeks.add(item.ts // _WEEK)
            lines.full = seq >= enough or len(weeks) >= MOST_WEEKS
            if item.offset != last_offset:
                counts.event_records += 1
                last_offset = item.offset
            if item.usage is not None:
                _count_physical(item.usage, counts.physical)
            if item.type == "unknown":
                counts.unknowns[f"{item.agent_version or '?'} {item.native_type or '?'}"] += 1
        counts.records += lines.index - before
        self.memory.events = seq
        if self.memory.first_ts is None and piece.events:
            self.memory.first_ts = piece.events[0].ts

    def _huge(self, line: tail.HugeLine) -> Piece:
        piece = self._piece(line.start)
        head = line.head if self._redactor is None else self._redactor.text(line.head)
        reason = f"line of {line.size_bytes} bytes is longer than {tail.LINE_CAP}"
        piece.rejects.append(Rejected(line.start, reason, head, line.size_bytes, line.sha256))
        piece.counts.records = 1
        piece.end = line.start + line.size_bytes + 1
        return self._close(piece, line.tail + b"\n", line.head)

    def _piece(self, start: int) -> Piece:
        return Piece(start, start, [], [], Counts(), self.memory, set())

    def _close(self, piece: Piece, data: bytes, head: bytes | None = None) -> Piece:
        """End a piece after the bytes that it was read from (of a huge line its last ones)."""
        piece.end = max(piece.end, piece.start + len(data))
        if piece.start == 0:
            piece.head_hash = tail.hash_head(data if head is None else head, whole=self._adapter.whole)
        self._read_last = (self._read_last + data[-tail.TAIL :])[-tail.TAIL :]
        piece.tail_hash = tail.hash_bytes(self._read_last)
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


def _set_aside(item: Skip | Reject, piece: Piece) -> None:
    if isinstance(item, Skip):
        piece.counts.skips[item.reason] += 1
    else:
        piece.rejects.append(_rejected(item))


def _rejected(reject: Reject) -> Rejected:
    size = len(reject.raw) if reject.size_bytes is None else reject.size_bytes
    return Rejected(reject.offset, reject.reason, reject.raw[: 64 * 1024], size, reject.sha256)


def _count_physical(usage: Usage, physical: Counter[str]) -> None:
    physical["records"] += 1
    if usage.input_tokens:
        physical["input_tokens"] += usage.input_tokens
    if usage.output_tokens:
        physical["output_tokens"] += usage.output_tokens
    if usage.cache_read_tokens:
        physical["cache_read_tokens"] += usage.cache_read_tokens
    if usage.cache_write_5m_tokens:
        physical["cache_write_5m_tokens"] += usage.cache_write_5m_tokens
    if usage.cache_write_1h_tokens:
        physical["cache_write_1h_tokens"] += usage.cache_write_1h_tokens
