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
from agentobs.ingest.backfill import Job, plan, tasks_of, worker_of
from agentobs.ingest.databases import log_of
from agentobs.ingest.discover import Found
from agentobs.ingest.gathered import owner_of
from agentobs.ingest.tail import open_regular
from agentobs.ingest.worker import Outcome

Look = tuple[int, ...]
_STEP_MS = 50
_TICK_MS = 250
_RETRY_S = 2.0
_POLL_S = 1.0
_HEAD = 4096  # bytes: enough of a record's file to know its session


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
        self._failed: set[Path] = set()
        self._stopped = threading.Event()
        self._worker = worker_of(job, retry_s=_RETRY_S)

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
                self._failed.update(Path(outcome.path) for outcome in outcomes if outcome.error is not None)
                return outcomes
        return []

    def _changes(self) -> Iterator[list[Path]]:
        """Yield what to look at: everything first and every `rescan_s`, in between the paths that changed."""
        last: float | None = None
        for changed in self._watched():
            if last is None or time.monotonic() - last > self._rescan_s:
                while self._failed:  # it may have been locked, and not change any more
                    self._seen.pop(self._failed.pop(), None)
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
        changed = (_of_log(path) for path in paths)
        below = dict.fromkeys(
            file for path in changed if self._inside(path) for file in _below(path) if self._fits(file)
        )
        worth: dict[Path, Found] = {}
        for path in below:
            look = _look(path)
            if look is None or self._seen.get(path) == look:
                continue
            with suppress(SourceError):  # gone again, or not ours to read: its next change is looked at
                found = plan([path], self._known).found or self._owner(path)
                worth.update((item.path, item) for item in found)
                if path not in worth:
                    self._seen[path] = look
        return list(worth.values())

    def _owner(self, path: Path) -> list[Found]:
        """The session's file with which a record's file is read."""
        with open_regular(path) as file:
            _, owner = owner_of(os.pread(file.fd, _HEAD, 0), path, self._known)
        return [] if owner is None or not self._inside(owner) else plan([owner], self._known).found

    def _inside(self, path: Path) -> bool:
        """Tell whether a path lies below a root by itself: no link leads there or out of there."""
        return any(path == root or root in path.parents for root in self._roots) and path.resolve() == path

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
    """What tells that a file changed; what is in a database may be in its log alone."""
    found: Look = ()
    for part in (path, log_of(path)):
        try:
            status = os.lstat(part)
        except OSError:
            if part is path:
                return None
        else:
            found = (*found, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    return found


def _of_log(path: Path) -> Path:
    """The database that a write-ahead log is of; any other path as it is."""
    return path.with_name(path.name.removesuffix("-wal")) if path.name.endswith("-wal") else path
