"""How much a key may send: a bucket of tokens for each, one token an event or a request, filled again by the second."""

import time
from collections.abc import Callable

from agentobs.errors import RequestRefused
from agentobs.server.access import Principal

EVENTS_PER_S = 20_000.0
BURST_S = 10.0
_MOST_BUCKETS = 10_000


class TooMuch(RequestRefused):
    """A key has sent more than it may: later it may again."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"this key has sent more than it may; come again in {retry_after_s} s", 429)
        self.retry_after_s = retry_after_s


class Buckets:
    """One bucket per key; the owner has none. A batch may overdraw its bucket: then the next has to wait."""

    def __init__(
        self, events_per_s: float = EVENTS_PER_S, burst_s: float = BURST_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._events_per_s = events_per_s
        self._burst_s = burst_s
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}  # key -> tokens, as of when

    def admit(self, principal: Principal) -> None:
        """Raise TooMuch when the key has overdrawn; else take the token of a request."""
        if principal.key:
            left = self._of(principal)
            if left <= 0:
                raise TooMuch(int(-left / self._rate(principal)) + 1)
            self.charge(principal, 1)

    def charge(self, principal: Principal, events: int) -> None:
        """Take the tokens of so many events."""
        if principal.key:
            left = self._of(principal) - events
            self._left[principal.key] = (left, self._clock())
            while len(self._left) > _MOST_BUCKETS:
                del self._left[next(iter(self._left))]

    def _of(self, principal: Principal) -> float:
        rate = self._rate(principal)
        most = max(rate * self._burst_s, 1.0)
        known = self._left.get(principal.key or "")
        return most if known is None else min(most, known[0] + (self._clock() - known[1]) * rate)

    def _rate(self, principal: Principal) -> float:
        return principal.events_per_s or self._events_per_s
