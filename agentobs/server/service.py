"""What all requests share: the spool, the intake, the limits, who may do what, and what was counted."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import msgspec

from agentobs.adapters._base import Adapter
from agentobs.errors import SpoolFull
from agentobs.ingest.drain import Reached
from agentobs.ingest.durations import Durations
from agentobs.ingest.spool import Spool
from agentobs.redaction import Redactor
from agentobs.server.access import Access, owner_only
from agentobs.server.audit import Audit
from agentobs.server.intake import Intake
from agentobs.server.limits import Buckets
from agentobs.server.live import Live
from agentobs.server.read_api_pool import Reading


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a client may take, and how much may be in hand at once."""

    step_s: float = 10.0  # between two pieces of a body
    body_s: float = 60.0  # for all of it
    in_hand_bytes: int = 192 << 20  # of all bodies that are being taken


class Busy(SpoolFull):
    """More bodies are in hand than memory is kept for."""

    retry_after_s = 1


class Service:
    """The state of one accepting process. Its methods are called from the event loop."""

    def __init__(
        self,
        spool: Spool,
        known: Mapping[str, Adapter],
        redactor: Redactor,
        *,
        access: Access = owner_only,
        patience: Patience = Patience(),  # noqa: B008 it is immutable
        drained: Callable[[], Reached | None] = lambda: None,
        reading: Reading | None = None,
        buckets: Buckets | None = None,
        audit: Audit | None = None,
    ) -> None:
        self.spool = spool
        self.known = known
        self.access = access
        self.patience = patience
        self.drained = drained
        self.buckets = buckets or Buckets()
        self.audit = audit
        self.reading = reading  # None: this server only accepts
        self.live = None if reading is None else Live(reading)
        self.counts: Counter[str] = Counter()
        self.took = Durations()
        self.redactor = redactor
        self.intake = Intake(known, redactor)
        self.pool = ThreadPoolExecutor(1, thread_name_prefix="agentobs-intake")
        self._in_hand = 0

    def count(self, began: float, accepted: int, rejected: int, redactions: int) -> None:
        """Count a request that brought events; `began` is what time.perf_counter said then."""
        self.counts.update(requests=1, accepted=accepted, rejected=rejected, redactions=redactions)
        self.took.add(time.perf_counter() - began)

    @contextmanager
    def in_hand(self) -> Iterator[Callable[[int], None]]:
        """Give what counts the bytes of one body; it raises Busy when all together are too many."""
        mine = 0

        def weigh(size_bytes: int) -> None:
            nonlocal mine
            if self._in_hand + size_bytes > self.patience.in_hand_bytes:
                raise Busy(f"{self._in_hand} bytes are in hand already; send it again in a moment")
            mine += size_bytes
            self._in_hand += size_bytes

        try:
            yield weigh
        finally:
            self._in_hand -= mine

    def close(self) -> None:
        """Make everything durable that was taken."""
        self.end_streams()
        self.pool.shutdown()
        self.spool.close()
        if self.audit is not None:
            self.audit.close()
        if self.live is not None and self.reading is not None:
            self.live.close()
            self.reading.close()

    def end_streams(self) -> None:
        """End what would go on for ever. May be called in any thread, or by a signal."""
        if self.live is not None:
            self.live.end()
