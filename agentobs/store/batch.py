"""What one commit brings: encoded rows, rejects, counters, and the step of its source."""

from collections import Counter
from typing import Any

import msgspec

from agentobs.events import Event

DimensionRow = tuple[Any, ...]
"""The key of a row of `contexts` or `kinds`, then its columns in order."""


class Rejected(msgspec.Struct, frozen=True):
    """A record for the quarantine: where it stood, why it is there, and itself (redacted; of a huge one the head)."""

    offset: int
    reason: str
    raw: bytes
    size_bytes: int
    sha256: str | None = None
    part: int = 0


class Counts(msgspec.Struct):
    """What was read between two offsets of a source. records = event_records + skipped + rejected."""

    records: int = 0
    event_records: int = 0
    skips: Counter[str] = msgspec.field(default_factory=Counter)
    unknowns: Counter[str] = msgspec.field(default_factory=Counter)
    redactions: Counter[str] = msgspec.field(default_factory=Counter)
    physical: Counter[str] = msgspec.field(default_factory=Counter)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """From where to where a source moves, and what its reader must remember. The fence compares where it began."""

    source_id: int
    generation: int
    content_version: int
    expected_offset: int
    new_offset: int
    size_bytes: int
    memory: bytes
    head_hash: bytes | None = None
    tail_hash: bytes | None = None


class Part(msgspec.Struct, kw_only=True):
    """What one source brings to a batch: how it moves, what it could not read, what it counted."""

    step: Step
    rejects: list[Rejected]
    counts: Counts
    events: int  # rows of the batch that are this source's
    first_ts: int | None  # microseconds, of the source's first event


class Batch(msgspec.Struct, kw_only=True):
    """Everything of one transaction of ingest: one source's piece, or those of many small ones; each source once."""

    batch_id: int
    parts: list[Part]
    rows: list[bytes]
    events: list[Event]  # for each row: what it was, should the server refuse it
    sources: list[int]  # for each row: its source
    contexts: dict[int, DimensionRow]  # those that the rows name
    kinds: dict[int, DimensionRow]
    min_ts: int | None
    max_ts: int | None
    rules_version: str | None = None  # of the redaction that the rows went through


class Committed(msgspec.Struct):
    """What a commit did with the events of one source."""

    stored: int = 0
    copies: int = 0
    conflicts: int = 0
    refused: int = 0
    expired: int = 0
