"""Follow folders: what is appended or appears is read as it comes; half a line waits for its newline."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path

import watchfiles
from watchfiles._rust_notify import WatchfilesRustInternalError

from agentobs.adapters._base import Adapter
from agentobs.errors import AgentobsError, SourceError
from agentobs.ingest.backfill import Job, plan, tasks_of
from agentobs.ingest.discover import Found
from agentobs.ingest.worker import Outcome, Worker
from agentobs.redaction import Redactor

Look = tuple[int, int, int, int]
_STEP_MS = 50
_TICK_MS = 250
_RETRY_S = 2.0
_POLL_S = 1.0


def roots_of(known: Mapping[str, Adapter], home: Path) -> dict[Path, str]:
    """Return the folders below the home folder in which agents keep their sessions, each with its agent's name.

    What is not there is left out: `locations_of` has all of them.
    """
    return {path: name for path, name in locations_of(known, home).items() if path.is_dir()}


def locations_of(known: Mapping[str, Adapter], home: Path) -> dict[Path, str]:
    """Return the folders of every adapter's locations: the part before the first `*` that stands alone."""
    found: dict[Path, str] = {}
    for adapter in known.values():
        for location in adapter.locations:
            root = root_of(location)
            for folder in sorted(home.glob(root)) or [home / root]:
                found.setdefault(folder, adapter.name)
    return found


def root_of(location: str) -> str:
    """Return what is looked through for a location: all before the first `*` or `**`; `Code*` names folders."""
    parts = Path(location).parts
    wild = next((place for place, part in enumerate(parts) if part in {"*", "**"}), len(parts) - 1)
    return str(Path(*parts[:wild]))


class Follower:
    """Reads what changes below some roots until it is stopped. One thread runs it; `stop` may come from another one."""

    def __init__(
        self,
        job: Job,
        roots: Sequence[Path],
        known: Mapping[str, Adapter],
        *,
        rescan_s: float = 60.0,
        polling: bool = False,
        warn: Callable[[str], None] = lambda text: None,
    ) -> None:
        """Look at everything again every `rescan_s`, should an event be lost; `polling`: use no events at all."""
        self._roots = [root.resolve() for root in roots]
        self._known = dict(known)
        self._rescan_s = rescan_s
        self._polling = polling
        self._warn = warn
        self._seen: dict[Path, Look] = {}
        self._stopped = threading.Event()
        self._worker = Worker(
            job.url, Redactor(job.redaction_key), project=job.project, machine=job.machine, retry_s=_RETRY_S
        )

    def stop(self) -> None:
        """Make `run` return after the piece in hand."""
        self._stopped.set()
        self._worker.stop = True

    def run(self, done: Callable[[Outcome], None], waiting: Callable[[AgentobsError], None]) -> None:
        """Read until stopped: `done` gets what each change brought, `waiting` why the database keeps us waiting.

        Raises what waiting cannot cure.
        """
        with self._worker:
            for changed in self._changes():
                for task in tasks_of(self._worth(changed)):
                    for outcome in self._ingest(task, waiting):
                        if outcome.records or outcome.error:
                            done(outcome)
                    if self._stopped.is_set():
                        return

    def _ingest(self, task: Sequence[Found], waiting: Callable[[AgentobsError], None]) -> list[Outcome]:
        looks = {found.path: look for found in task if (look := _look(found.path)) is not None}
        while not self._stopped.is_set():
            try:
                outcomes = self._worker.ingest_all([(found.path, found.adapter) for found in task], final=False)
            except AgentobsError as error:
                if not error.retryable:
                    raise
                waiting(error)
                self._stopped.wait(1.0)
            else:
                self._seen.update(looks)
                return outcomes
        return []

    def _changes(self) -> Iterator[list[Path]]:
        """Yield what to look at: everything first and every `rescan_s`, in between the paths that changed."""
        last: float | None = None
        for changed in self._watched():
            if last is None or time.monotonic() - last > self._rescan_s:
                yield self._roots
                last = time.monotonic()
            elif changed:
                yield changed

    def _watched(self) -> Iterator[list[Path]]:
        """Yield changed paths, and now and then none; look at everything every second where there are no events."""
        if not self._polling:
            try:
                yield from self._notified()
            except (OSError, WatchfilesRustInternalError) as error:  # no inotify, or its limit is reached
                self._warn(f"the system reports no changes ({error}): looking every {_POLL_S:g} s")
        while not self._stopped.is_set():
            yield self._roots
            self._stopped.wait(_POLL_S)

    def _notified(self) -> Iterator[list[Path]]:
        # A file that is replaced takes its watch along: its folder is watched instead.
        folders = dict.fromkeys(root if root.is_dir() else root.parent for root in self._roots)
        changes = watchfiles.watch(
            *folders,
            watch_filter=None,
            debounce=400,
            step=_STEP_MS,
            stop_event=self._stopped,
            rust_timeout=_TICK_MS,
            yield_on_timeout=True,
            force_polling=False,
            ignore_permission_denied=True,
        )
        for batch in changes:
            yield sorted({Path(path) for _, path in batch})

    def _worth(self, paths: Sequence[Path]) -> list[Found]:
        """The session files among or below the paths that are not as they were when last looked at."""
        below = dict.fromkeys(file for path in paths if self._inside(path) for file in _below(path) if self._fits(file))
        worth: list[Found] = []
        for path in below:
            look = _look(path)
            if look is None or self._seen.get(path) == look:
                continue
            with suppress(SourceError):  # gone again, or not ours to read: its next change is looked at
                found = plan([path], self._known).found
                worth += found
                if not found:
                    self._seen[path] = look
        return worth

    def _inside(self, path: Path) -> bool:
        return any(path == root or root in path.parents for root in self._roots)

    def _fits(self, path: Path) -> bool:
        patterns = (pattern for adapter in self._known.values() for pattern in adapter.patterns)
        return path in self._roots or any(fnmatch(path.name, pattern) for pattern in patterns)


def _below(path: Path) -> Iterator[Path]:
    """Yield the path itself if it is no folder, else the files below it; links are not followed."""
    if not path.is_dir():
        yield path
        return
    for folder, _, names in os.walk(path):
        for name in sorted(names):
            file = Path(folder) / name
            if not file.is_symlink():
                yield file


def _look(path: Path) -> Look | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
