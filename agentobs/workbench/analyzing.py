"""Run detectors and scores over sessions: of a folder when asked, of a database for what is new or has changed."""

import hashlib
import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, NamedTuple

import pandas as pd

from agentobs.analysis import derive, scoring
from agentobs.analysis.detectors import detectors, find
from agentobs.settings import Settings, load
from agentobs.store import engine
from agentobs.store import findings as kept
from agentobs.store.findings import Stale
from agentobs.workbench import Workbench, open_workbench

_EVENTS = 20_000  # of a batch of sessions, read and analyzed together
_ALONE = 40_000  # below so many events, a second process costs more than it brings


class Analyzed(NamedTuple):
    """What came of some sessions."""

    sessions: int
    events: int
    findings: int


def recipe() -> str:
    """Return what findings and scores depend on: detectors, versions, parameters, and the score's version."""
    known = [(one.name, one.version, sorted(one.parameters.items())) for one in detectors().values()]
    text = json.dumps([known, scoring.VERSION], default=str)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def analyzed(
    wb: Workbench, sessions: Sequence[str] | None = None, all_calls: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the FINDINGS and SCORES of these sessions, computed now; None: of all.

    all_calls: TOOL_CALLS of every session, by which a detector sees what is slow for a tool.
    """
    data = wb.evidence(session=None if sessions is None else list(sessions))
    if all_calls is not None:
        data["tool_calls"] = all_calls
    elif sessions is not None:
        data["tool_calls"] = wb.tool_calls()
    found = find(data)
    return found, scoring.scores(data["sessions"], data["steps"], data["model_calls"], found)


def analyze(
    url: str,
    settings: Settings | None = None,
    *,
    processes: int | None = None,
    watch: Callable[[Analyzed], object] = lambda _: None,
) -> Analyzed:
    """Compute what is missing or no longer true in a database, batch by batch, each kept when it is done.

    Interrupted, it goes on from there the next time. `watch` hears of each batch. Returns the sums.
    """
    now = recipe()
    with engine.connect(url) as connection:
        waiting = kept.stale(connection, now)
    total = Analyzed(0, 0, 0)
    for part in _parts(url, settings or load({}), now, waiting, processes or os.cpu_count() or 1):
        watch(part)
        total = Analyzed(*(a + b for a, b in zip(total, part, strict=True)))
    return total


def waiting(url: str) -> list[Stale]:
    """Return the sessions that `analyze` would look at."""
    with engine.connect(url) as connection:
        return kept.stale(connection, recipe())


def _parts(url: str, settings: Settings, now: str, waiting: list[Stale], processes: int) -> Iterator[Analyzed]:
    batches = list(_batches(waiting))
    if processes <= 1 or len(batches) <= 1 or sum(one.events for one in waiting) < _ALONE:
        with open_workbench(url, settings) as wb:
            every = wb.tool_calls() if batches else None
            for batch in batches:
                yield _analyze_batch(wb, url, now, batch, every)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(batches)), context, _begin, (url, settings)) as pool:
        futures = [pool.submit(_apart, url, now, batch) for batch in batches]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _batches(waiting: list[Stale]) -> Iterator[list[Stale]]:
    batch: list[Stale] = []
    size = 0
    for session in waiting:
        if batch and size + session.events > _EVENTS:
            yield batch
            batch, size = [], 0
        batch.append(session)
        size += session.events
    if batch:
        yield batch


def _analyze_batch(wb: Workbench, url: str, now: str, batch: list[Stale], every: pd.DataFrame | None) -> Analyzed:
    found, scores = analyzed(wb, [session.session_id for session in batch], every)
    with engine.connect(url) as connection:
        kept.save(connection, batch, now, found, scores)
    return Analyzed(len(batch), sum(session.events for session in batch), len(found))


_here: list[tuple[Workbench, pd.DataFrame]] = []  # of a process of its own: what it opened when it began


def _begin(url: str, settings: Settings) -> None:
    """Open what all batches of this process share. Only the parent hears Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wb = open_workbench(url, settings)
    _here.append((wb, wb.tool_calls()))


def _apart(url: str, now: str, batch: list[Stale]) -> Analyzed:
    wb, every = _here[0]
    return _analyze_batch(wb, url, now, batch, every)


def select(data: pd.DataFrame, sessions: pd.DataFrame, chosen: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows of FINDINGS or SCORES that names and a time range leave in, as the database does it."""
    about = sessions.set_index("session_id").reindex(data["session_id"]).reset_index(drop=True)
    time = data["started_at"] if "started_at" in data.columns else about["started_at"]
    named = data.assign(agent=about["agent"], project=about["project"])
    left = derive.select(named, chosen, time=time, names=("session", "agent", "project"))
    for name in ("detector", "severity", "variant"):
        if chosen.get(name) is not None:
            left = left[left[name].isin(chosen[name])]
    return left[data.columns].reset_index(drop=True)
