"""Start, find, and stop the server of a home folder. A server is handed out only after it has answered."""

from __future__ import annotations

import fcntl
import os
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from agentobs.store.embedded import cluster, configuration, locks, places, postmaster, supervision
from agentobs.store.embedded.places import Place

IDLE_SECONDS = 60.0
LOCK_SECONDS = 420.0  # a start or a clean stop by another process
LOG_BYTES = 10 * 2**20


class Server:
    """A running server; as long as it is open, this process counts as one of its users."""

    def __init__(self, place: Place, version: str, users: int) -> None:
        self.home = place.home
        self.url = place.url()
        self.version = version
        self._release = weakref.finalize(self, os.close, users)

    def close(self) -> None:
        """Stop being a user; the server itself goes on until it has been without users for a while."""
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Server({self.url!r}, version={self.version!r})"


@dataclass(frozen=True)
class Status:
    """What is known about the server of a home folder; None: there is none, or it is not running."""

    running: bool
    in_use: bool
    url: str | None
    pid: int | None
    version: str | None
    data: Path | None
    size_bytes: int | None


def start(home: Path, *, idle_seconds: float = IDLE_SECONDS, settings: Mapping[str, str] | None = None) -> Server:
    """The running server of this home folder, started (and made) if need be.

    Parameters
    ----------
    home : the data folder; relative to the working directory, `~` allowed
    idle_seconds : how long it stays when its last user is gone; who starts it decides
    settings : PostgreSQL settings that replace ours; who starts it decides

    Raises
    ------
    EmbeddedServerError : the folder cannot be used, is broken, or belongs to another PostgreSQL
    """
    home = places.made_home(Path(home))
    owner = home.stat().st_uid
    with locks.exclusive(home / "start.lock", owner, timeout_seconds=LOCK_SECONDS):
        users = locks.opened(home / "users.lock", owner)
        try:
            fcntl.flock(users, fcntl.LOCK_SH)
            place, version = _found(home, idle_seconds) or _begun(home, idle_seconds, settings or {})
            cluster.furnish(place)
        except BaseException:
            os.close(users)
            raise
        return Server(place, version, users)


def status(home: Path) -> Status:
    """Whether the server of this folder runs, where, and how large it is. Starts nothing."""
    home = Path(os.path.abspath(Path(home).expanduser()))  # noqa: PTH100 -- a symlink keeps its name
    place = places.known(home) if home.is_dir() else None
    if place is None:
        return Status(running=False, in_use=False, url=None, pid=None, version=None, data=None, size_bytes=None)
    answer = supervision.answer(place)
    return Status(
        running=answer is not None,
        in_use=locks.held(place.users_lock, place.owner),
        url=place.url() if answer else None,
        pid=postmaster.pid_of(place.data),
        version=answer,
        data=place.data,
        size_bytes=_size(place.data),
    )


def stop(home: Path) -> bool:
    """Stop the server now, users or not; everything committed stays. False if none was running."""
    home = Path(os.path.abspath(Path(home).expanduser()))  # noqa: PTH100 -- a symlink keeps its name
    place = places.known(home) if home.is_dir() else None
    if place is None:
        return False
    with locks.exclusive(place.start_lock, place.owner, timeout_seconds=LOCK_SECONDS):
        stopped = postmaster.stop(place.data)
        supervision.await_supervisor_gone(place)
    return stopped


def _found(home: Path, idle_seconds: float) -> tuple[Place, str] | None:
    """The server that already runs and answers, with a supervisor over it."""
    place = places.known(home)
    if place is None or not place.data.is_dir():
        return None
    pid = supervision.pid_appears(place)
    if pid is None:
        return None
    if not supervision.socket_appears(place):  # somebody cleaned the temporary folder: nobody can reach this server
        postmaster.stop(place.data)
        supervision.await_supervisor_gone(place)
        return None
    if not locks.held(place.supervisor_lock, place.owner):
        supervision.supervise(place, [], idle_seconds, adopt=pid)
    version = supervision.await_answer(place)
    return (place, version) if version else None


def _begun(home: Path, idle_seconds: float, settings: Mapping[str, str]) -> tuple[Place, str]:
    place = places.prepared(home)
    programs = cluster.programs_for(place)
    _rotate_log(place)
    if cluster.major_of(place.data) is None:
        cluster.make(place, programs, settings)
    places.record(place)
    postmaster.disown(place.data, place.socket)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    command = configuration.arguments(programs, place.data, place.run, memory, settings)
    log_size = _log_size(place)
    supervision.supervise(place, command, idle_seconds, adopt=None)
    version = supervision.await_answer(place)
    if version is None:
        with place.log.open("rb") as log:
            log.seek(log_size)
            raise cluster.failure(place, log.read().decode(errors="replace"))
    return place, version


def _log_size(place: Place) -> int:
    return place.log.stat().st_size if place.log.exists() else 0


def _rotate_log(place: Place) -> None:
    if _log_size(place) > LOG_BYTES:
        place.log.replace(place.log.with_suffix(".log.1"))


def _size(folder: Path) -> int | None:
    """Bytes of all files; files may vanish while we look."""
    if not folder.is_dir():
        return None
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(Path(parent) / name).st_size
            except FileNotFoundError:
                continue
    return total
