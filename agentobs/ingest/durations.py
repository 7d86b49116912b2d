"""How long things took: a histogram, as Prometheus wants it, that travels between processes."""

from bisect import bisect_left

import msgspec

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Durations(msgspec.Struct):
    """Durations counted by the first bound that holds them; the last count is of those beyond all bounds."""

    total_s: float = 0.0
    counts: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))

    def add(self, seconds: float) -> None:
        """Count one."""
        self.total_s += seconds
        self.counts[bisect_left(BOUNDS_S, seconds)] += 1
