"""Export requests of OpenTelemetry as lines of OTLP/JSON, one or several, in the sizes that the drain takes.

Spans and log records are independent of each other; each line repeats the resource and scope that its own ones have.
"""

from enum import Enum

import msgspec

MOST_ITEMS = 2_000  # of a line
_LINE_BYTES = 1 << 20
ITEM_BYTES = 8 << 20  # most that one span, log record or metric may have


class Signal(Enum):
    """What a request carries, by the names that OTLP/JSON has for it."""

    TRACES = ("resourceSpans", "scopeSpans", "spans", "rejectedSpans")
    LOGS = ("resourceLogs", "scopeLogs", "logRecords", "rejectedLogRecords")
    METRICS = ("resourceMetrics", "scopeMetrics", "metrics", "rejectedDataPoints")

    @property
    def resources(self) -> str:
        """Name of the list at the top."""
        return self.value[0]

    @property
    def scopes(self) -> str:
        """Name of the list in a resource."""
        return self.value[1]

    @property
    def items(self) -> str:
        """Name of the list in a scope."""
        return self.value[2]

    @property
    def rejected(self) -> str:
        """Name of the count of what was not taken."""
        return self.value[3]


class Export(msgspec.Struct):
    """What became of a request, and what is told to who sent it. Counts are of spans, log records or data points."""

    lines: list[bytes]
    accepted: int = 0
    rejected: int = 0
    reason: str | None = None  # of the first that was rejected


class Lines:
    """Gathers the items of a request into lines. A resource is given before its scopes, a scope before its items."""

    def __init__(self, signal: Signal) -> None:
        self._signal = signal
        self.export = Export([])
        self._resource = self._scope = b""
        self._has_resource = self._has_scope = False  # in the line in hand
        self._parts: list[bytes] = []
        self._items = self._size = 0

    def resource(self, fields: bytes) -> None:
        """Begin a resource: its own fields, each followed by a comma, as JSON."""
        self._end_resource()
        self._resource = fields

    def scope(self, fields: bytes) -> None:
        """Begin a scope of the resource, likewise."""
        self._end_scope()
        self._scope = fields

    def add(self, item: bytes, count: int = 1) -> None:
        """Take an item, as JSON on one line; it stands for so many of what is counted."""
        if len(item) > ITEM_BYTES:
            self.reject(f"one of {len(item)} bytes; at most {ITEM_BYTES} are taken", count)
            return
        if self._items >= MOST_ITEMS or (self._items and self._size + len(item) > _LINE_BYTES):
            self._end_line()
        self._parts.append(b"," if self._has_scope else self._opening())
        self._parts.append(item)
        self._items += 1
        self._size += len(item)
        self.export.accepted += count

    def reject(self, reason: str, count: int = 1) -> None:
        """Count what is not taken."""
        self.export.rejected += count
        self.export.reason = self.export.reason or reason

    def done(self) -> Export:
        """Return the lines and counts."""
        self._end_line()
        return self.export

    def _opening(self) -> bytes:
        signal, parts = self._signal, []
        if not self._has_resource:
            parts.append(b"," if self._parts else b'{"%b":[' % signal.resources.encode())
            parts.append(b'{%b"%b":[' % (self._resource, signal.scopes.encode()))
        elif not self._has_scope:
            parts.append(b",")
        parts.append(b'{%b"%b":[' % (self._scope, signal.items.encode()))
        self._has_resource = self._has_scope = True
        self._size += len(self._resource) + len(self._scope)
        return b"".join(parts)

    def _end_scope(self) -> None:
        if self._has_scope:
            self._parts.append(b"]}")
            self._has_scope = False

    def _end_resource(self) -> None:
        self._end_scope()
        if self._has_resource:
            self._parts.append(b"]}")
            self._has_resource = False

    def _end_line(self) -> None:
        self._end_resource()
        if self._parts:
            self._parts.append(b"]}")
            self.export.lines.append(b"".join(self._parts))
        self._parts, self._items, self._size = [], 0, 0
