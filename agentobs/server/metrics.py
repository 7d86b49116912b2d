"""GET /metrics: what was counted, in the text format of Prometheus."""

from collections.abc import Iterator
from itertools import accumulate
from typing import Any, NamedTuple

from starlette.responses import Response

from agentobs.errors import DatabaseError
from agentobs.ingest.durations import BOUNDS_S, Durations
from agentobs.server.call import Call
from agentobs.server.read_api_pool import Desk
from agentobs.server.read_api_query import decode
from agentobs.store.live import Totals

_MEDIA = "text/plain; version=0.0.4; charset=utf-8"
_NOT_REFUSALS = {"requests", "accepted", "rejected", "redactions"}


class Metric(NamedTuple):
    """One family: its name, kind and meaning, and its samples by label."""

    name: str
    kind: str
    meaning: str
    samples: list[tuple[str, float]]  # of a histogram with the suffix of its name before the label


async def get_metrics(call: Call) -> Response:
    """Return what was counted since the start of this process, and what the database says."""
    from agentobs.server.read_api import NoQuery

    decode(call.request.query_params, NoQuery)
    totals: Totals | None = None
    if call.service.reading is not None:
        try:
            totals = await call.service.reading.run(_totals)
        except DatabaseError:  # its absence is what the gauge `database_up` tells
            totals = None
    return Response(text([*_own(call.service), *_stored(totals)]), media_type=_MEDIA)


def text(metrics: list[Metric]) -> str:
    """Return metrics in the text format."""
    lines = []
    for metric in metrics:
        name = f"agentobs_{metric.name}"
        lines += [f"# HELP {name} {metric.meaning}", f"# TYPE {name} {metric.kind}"]
        lines += [f"{name}{labels} {value:.17g}" for labels, value in metric.samples]
    return "\n".join(lines) + "\n"


def _totals(desk: Desk) -> Totals:
    return desk.follower.totals()


def _own(service: Any) -> Iterator[Metric]:
    counts, usage, reached, live = service.counts, service.spool.usage(), service.drained(), service.live
    for name, meaning in (
        ("requests", "Requests that brought events and were answered."),
        ("accepted", "Items that were made durable, and answered so."),
        ("rejected", "Items that were refused, and told so."),
        ("redactions", "Secrets that were taken out on the way in."),
    ):
        yield Metric(f"{name}_total", "counter", meaning, [("", counts[name])])
    yield _histogram("request_seconds", "From the head of a request that brought events to its answer.", service.took)
    refused = [(f'{{error="{name}"}}', n) for name, n in sorted(counts.items()) if name not in _NOT_REFUSALS]
    yield Metric("refusals_total", "counter", "Requests that were refused as a whole, by kind.", refused)
    yield Metric("spool_bytes", "gauge", "Bytes of the spool on disk.", [("", usage.held_bytes)])
    yield Metric("spool_cap_bytes", "gauge", "Most bytes that the spool may hold.", [("", usage.cap_bytes)])
    yield Metric("disk_free_bytes", "gauge", "Bytes that are free on the spool's disk.", [("", usage.free_bytes)])
    if reached is not None:
        behind = max(reached.end - reached.position, 0)
        yield Metric("drain_lag_bytes", "gauge", "Accepted bytes that are not stored yet.", [("", behind)])
        waits = [("", float(reached.waiting is not None))]
        yield Metric("drain_waiting", "gauge", "1 while the drain waits for the database.", waits)
        if reached.batches is not None:
            yield _histogram("batch_seconds", "Of the drain's transactions, since it began.", reached.batches)
    if live is not None:
        yield Metric("live_clients", "gauge", "Clients that follow the stream.", [("", live.clients)])
        yield Metric(
            "live_delivered_total", "counter", "Events that were sent to live clients.", [("", live.delivered)]
        )
        yield Metric("live_gaps_total", "counter", "Times that a client was too slow for its queue.", [("", live.gaps)])
        yield Metric("live_queued_bytes", "gauge", "Bytes that wait for live clients.", [("", live.queued_bytes)])


def _histogram(name: str, meaning: str, durations: Durations) -> Metric:
    below = list(accumulate(durations.counts))
    samples: list[tuple[str, float]] = [
        (f'_bucket{{le="{bound}"}}', count) for bound, count in zip((*BOUNDS_S, "+Inf"), below, strict=True)
    ]
    return Metric(name, "histogram", meaning, [*samples, ("_sum", durations.total_s), ("_count", below[-1])])


def _stored(totals: Totals | None) -> Iterator[Metric]:
    yield Metric("database_up", "gauge", "1 when the database answered just now.", [("", float(totals is not None))])
    if totals is None:
        return
    for name, meaning in (
        ("stored", "Events that are stored, by all who write into the database."),
        ("copies", "Events that were stored before."),
        ("quarantined", "Records that cannot be stored as events: they are kept with a reason."),
        ("expired", "Events older than the retention."),
        ("batches", "Transactions that stored events."),
    ):
        yield Metric(f"{name}_total", "counter", meaning, [("", getattr(totals, name))])
    yield Metric(
        "search_lag_events", "gauge", "Stored events that a search does not find yet.", [("", totals.unindexed)]
    )
    if totals.last_batch_at is not None:
        at = totals.last_batch_at.timestamp()
        yield Metric("last_batch_timestamp_seconds", "gauge", "When the last transaction began.", [("", at)])
