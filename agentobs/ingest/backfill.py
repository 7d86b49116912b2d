"""Backfill: many sources at once, one per task, in as many processes as there are cores; then follow what changes."""

import gc
import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from agentobs import registry
from agentobs.adapters._base import Adapter
from agentobs.errors import AgentobsError
from agentobs.ingest import mappings
from agentobs.ingest.content import Keeper
from agentobs.ingest.discover import Found, PassedOver, discover
from agentobs.ingest.worker import Outcome, Progress, Worker, ignore
from agentobs.redaction import Redactor, load_rules, rules_version
from agentobs.settings import Content

_ALONE = 16 << 20  # below so many bytes, processes cost more than they bring
_TASK_BYTES, _TASK_FILES = 32 << 20, 200


class Plan(msgspec.Struct):
    """What is to be read, and what is passed over."""

    found: list[Found]
    passed_over: list[PassedOver]

    @property
    def size_bytes(self) -> int:
        """Of all files found, together."""
        return sum(found.size_bytes for found in self.found)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What every process of a backfill needs to know."""

    url: str
    redaction_key: bytes
    project: str | None = None
    machine: str | None = None
    mappings: tuple[str, ...] = ()  # files that teach further formats
    content: Content = Content()
    redaction_rules: Path | None = None  # the user's file; None: our rules alone


def adapters(taught: Sequence[str | Path] = ()) -> dict[str, Adapter]:
    """Return every known adapter by its name, and those that mapping files teach."""
    return mappings.with_mappings(registry.plugins("agentobs.adapters", "ADAPTER", Adapter), taught)


def plan(roots: Sequence[Path], known: dict[str, Adapter] | None = None) -> Plan:
    """Look below the roots and return what is there; the largest files first, so that none is left for the end."""
    result = Plan([], [])
    for root in roots:
        for item in discover(root, known or adapters()):
            (result.found if isinstance(item, Found) else result.passed_over).append(item)  # pyright: ignore[reportArgumentType]
    result.found.sort(key=lambda found: (-found.size_bytes, str(found.path)))
    return result


def run(
    job: Job,
    found: Sequence[Found],
    watch: Callable[[Progress], None],
    *,
    processes: int | None = None,
    final: bool = True,
) -> Iterator[Outcome]:
    """Read all sources to their ends and yield the outcome of each as it is done.

    A KeyboardInterrupt stops after the pieces in hand; the next run goes on from there.
    """
    count = min(processes or os.cpu_count() or 1, len(found))
    if count <= 1 or sum(item.size_bytes for item in found) < _ALONE:
        yield from _run_here(job, found, watch, final=final)
    else:
        yield from _run_apart(job, found, watch, count, final=final)


def tasks_of(found: Sequence[Found]) -> Iterator[list[Found]]:
    """Yield the files in tasks: a large one alone, small ones together, so that they share transactions."""
    task: list[Found] = []
    size = 0
    for item in found:
        if task and (size + item.size_bytes > _TASK_BYTES or len(task) >= _TASK_FILES):
            yield task
            task, size = [], 0
        task.append(item)
        size += item.size_bytes
    if task:
        yield task


def _run_here(job: Job, found: Sequence[Found], watch: Callable[[Progress], None], *, final: bool) -> Iterator[Outcome]:
    with _calm(), worker_of(job, watch) as worker:
        for task in tasks_of(found):
            yield from worker.ingest_all([(item.path, item.adapter) for item in task], final=final)


def worker_of(job: Job, watch: Callable[[Progress], None] = ignore, retry_s: float = 60.0) -> Worker:
    """Return a worker that does its part of a job."""
    keeper = keeper_of(job)
    return Worker(
        job.url,
        keeper.redactor,
        project=job.project,
        machine=job.machine,
        keeper=keeper,
        retry_s=retry_s,
        watch=watch,
    )


def keeper_of(job: Job) -> Keeper:
    """Return what redacts by the rules of a job, the user's among them, and keeps what its content modes say."""
    rules = load_rules(job.redaction_rules)
    return Keeper(job.content, job.redaction_key, Redactor(job.redaction_key, rules), rules_version(rules))


def _run_apart(
    job: Job, found: Sequence[Found], watch: Callable[[Progress], None], count: int, *, final: bool
) -> Iterator[Outcome]:
    forking = "forkserver" in multiprocessing.get_all_start_methods()
    context: Any = multiprocessing.get_context("forkserver" if forking else "spawn")
    context.set_forkserver_preload([__name__])  # what the workers import is in memory once
    tasks, reports = context.Queue(), context.Queue()
    hears, tells = context.Pipe(duplex=False)  # closed to say stop, or when this process dies
    for task in tasks_of(found):
        tasks.put([(str(item.path), item.adapter.name) for item in task])
    for _ in range(count):
        tasks.put(None)
    processes = [
        context.Process(target=_serve, args=(job, tasks, reports, hears, final), daemon=True) for _ in range(count)
    ]
    with _deaf():
        for process in processes:
            process.start()
    try:
        yield from _collect(reports, processes, watch, count)
    finally:
        tells.close()
        for process in processes:
            process.join(timeout=30)


@contextmanager
def _calm() -> Iterator[None]:
    """Look for garbage in cycles rarely: events hold none, and there are thousands of them alive at any time."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes that start now do not hear Ctrl-C, not even while they import: the parent tells them to stop."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _collect(
    reports: Any, processes: Sequence[Any], watch: Callable[[Progress], None], count: int
) -> Iterator[Outcome]:
    running = count
    while running:
        try:
            report = reports.get(timeout=1.0)
        except queue.Empty:
            dead = [process for process in processes if process.exitcode not in {None, 0}]
            if dead:
                raise AgentobsError(
                    f"a worker died with exit code {dead[0].exitcode}; what it had committed stays: run ingest again"
                ) from None
            continue
        if report is None:
            running -= 1
        elif isinstance(report, Progress):
            watch(report)
        elif isinstance(report, Outcome):
            yield report
        else:
            raise report


def _serve(job: Job, tasks: Any, reports: Any, hears: Any, final: bool) -> None:
    """Take sources from the queue until there is none; the parent alone hears Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    known = adapters(job.mappings)
    try:
        with _calm(), worker_of(job, reports.put) as worker:
            threading.Thread(target=_pass_on, args=(hears, worker), daemon=True).start()
            while (task := tasks.get()) is not None and not worker.stop:
                for outcome in worker.ingest_all([(Path(path), known[name]) for path, name in task], final=final):
                    reports.put(outcome)
    except AgentobsError as error:
        reports.put(error)
    reports.put(None)


def _pass_on(hears: Any, worker: Worker) -> None:
    """Tell the worker to stop after the piece in hand, when the parent says so or is gone."""
    hears.poll(None)
    worker.stop = True
