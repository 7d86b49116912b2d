"""OpenTelemetry traces and logs as OTLP/JSON: one export request a line, as the Collector's file exporter writes them.

A line is one record, whose events are those of its spans or log records; each keeps a part number of its own, so that
`content` finds its text again. Spans are written when they end: a trace may be spread over lines, its root comes last.

    resourceSpans    see _otel_spans: model calls, tools, agents; infrastructure is left out
    resourceLogs     see _otel_logs: the events of Claude Code, Codex and Gemini CLI, and of the GenAI conventions
    resourceMetrics  see _otel_metrics: how long a session was active; all else is skipped
    a line of nothing else than what is no agent's work is skipped under that reason

Agent, session and ids come from the records: an event's agent is the service's name. What the spans of a trace say of
their session holds for all of them, if it comes in the same line or an earlier one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache

from agentobs.adapters._base import Adapter, Fidelity
from agentobs.adapters._otel_batch import REQUEST, is_of_lines, read_batch
from agentobs.adapters._otel_kinds import NOT_AGENT_WORK
from agentobs.adapters._otel_logs import SLOTS as LOG_SLOTS
from agentobs.adapters._otel_logs import log_pieces
from agentobs.adapters._otel_metrics import SLOTS as METRIC_SLOTS
from agentobs.adapters._otel_metrics import metric_pieces
from agentobs.adapters._otel_records import Batch
from agentobs.adapters._otel_spans import NAME, SLOTS, Piece, by_start, span_pieces
from agentobs.adapters._otel_state import Memory
from agentobs.events import Item, Line, Reject, Skip, clean_text

MOST_PARTS = 32_767


def parse(lines: Iterable[Line], memory: Memory) -> Iterator[Item]:
    """Yield the events of each line, spans in the order of their start."""
    for offset, line, original in lines:
        if not line.strip():
            yield Skip(offset, "blank")
            continue
        batch = read_batch(line, original)
        if isinstance(batch, str):
            yield Reject(offset, batch, line)
        else:
            yield from _items(batch, offset, memory)


def _items(batch: Batch, offset: int, memory: Memory) -> Iterator[Item]:
    pieces, reasons, parts = _numbered(batch, memory)
    if parts > MOST_PARTS:
        yield Reject(
            offset, f"more than {MOST_PARTS} events in one batch; let the exporter write smaller ones", batch.raw
        )
        return
    if not pieces:
        found = reasons.most_common(1)
        yield Skip(offset, found[0][0] if found else batch.other or NOT_AGENT_WORK)
        return
    first = min(piece.event.part for piece in pieces)
    for event, _ in pieces:
        event.offset, event.part, event.sanitised = offset, event.part - first, batch.sanitised
        if event.part == 0:
            event.raw = batch.raw
        yield event


def _numbered(batch: Batch, memory: Memory) -> tuple[list[Piece], Counter[str], int]:
    """Return the events of a batch with parts that depend on nothing but the batch, and why others are left out."""
    pieces: list[Piece] = []
    reasons: Counter[str] = Counter()
    start = 0
    found = span_pieces(by_start(batch.spans), memory)
    sizes = [SLOTS.get(kind, 0) for kind, _ in found]
    logs = log_pieces(batch.logs, memory)
    points = metric_pieces(batch.points, memory)
    sizes += [LOG_SLOTS] * len(logs) + [METRIC_SLOTS] * len(points)
    for (kind, own), size in zip(found + logs + points, sizes, strict=True):
        if not own:
            reasons[kind] += 1
        for piece in own:
            piece.event.part += start
        pieces += own
        start += size
    return pieces, reasons, start


def content(raw: bytes, part: int) -> str | None:
    """Return the text of an event of a line: what was asked, answered, called or given back."""
    return _texts(raw).get(part)


@lru_cache(maxsize=2)  # all events of a line are mostly asked for one after the other
def _texts(raw: bytes) -> dict[int, str]:
    batch = read_batch(raw, raw)
    if isinstance(batch, str):
        return {}
    pieces, _, _ = _numbered(batch, Memory())
    first = min((piece.event.part for piece in pieces), default=0)
    return {piece.event.part - first: clean_text(piece.text) for piece in pieces if piece.text}


def detect(head: bytes) -> float:
    """Return how sure it is that a file holds export requests, one a line."""
    return 0.9 if REQUEST.match(head) is not None and is_of_lines(head) else 0.0


ADAPTER = Adapter(
    name=NAME,
    title="OpenTelemetry (OTLP)",
    locations=(),  # it lies where a collector's configuration says
    patterns=("*.jsonl", "*.json", "*.otlp", "*.ndjson"),
    detect=detect,
    parse=parse,
    content=content,
    names_agents=True,
    memory=Memory,
    fidelity=Fidelity(
        times=True,
        model=True,
        tokens=True,
        cost=True,
        outcomes=True,
        threads=False,
        subagents=False,
        edits=False,
        version=True,
        basis="real files; https://code.claude.com/docs/en/monitoring-usage, "
        "https://github.com/openai/codex/tree/main/codex-rs/otel, "
        "https://github.com/google-gemini/gemini-cli/blob/main/docs/cli/telemetry.md",
    ),
)
