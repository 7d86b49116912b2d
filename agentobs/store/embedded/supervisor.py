"""The process that owns one postgres: starts it, reaps it, and stops it when its last user has been gone long enough.

It runs by its path with the standard library alone (`python -I -S supervisor.py CONFIG`), in a session of its own, so
that neither the death nor the terminal of the process that needed the server takes it along. It holds the supervisor
lock all its life. CONFIG is JSON: see `Supervision`.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

STOP_SECONDS = 300.0
STARTS = 15  # after an unclean end the last processes of the old server may still hold its shared memory
UNCLEAN_WAIT_SECONDS = 0.3
POLL_SECONDS = 1.0


class Supervision(NamedTuple):
    """What to run, and when to stop it."""

    command: list[str]
    uid: int
    gid: int
    switch_user: bool
    data: str
    start_lock: str
    users_lock: str
    supervisor_lock: str
    idle_seconds: float
    adopt: int | None


class Child:
    """A postgres that we started; it writes to our own standard error, the server's log."""

    def __init__(self, supervision: Supervision) -> None:
        account = (
            {"user": supervision.uid, "group": supervision.gid, "extra_groups": []} if supervision.switch_user else {}
        )
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
        self._process = subprocess.Popen(supervision.command, cwd="/", umask=0o077, env=environment, **account)

    def alive(self) -> bool:
        return self._process.poll() is None

    def failed(self) -> bool:
        return self._process.poll() not in (None, 0)

    def signal(self, number: int) -> None:
        self._process.send_signal(number)


class Orphan:
    """A postgres whose supervisor was killed."""

    def __init__(self, pid: int, data: str) -> None:
        self._pid, self._pid_file = pid, Path(data) / "postmaster.pid"

    def alive(self) -> bool:
        try:
            os.kill(self._pid, 0)
            if _is_zombie(self._pid):
                return False
            return self._pid_file.read_text().split("\n", 1)[0] == str(self._pid)
        except (ProcessLookupError, FileNotFoundError):
            return False

    def signal(self, number: int) -> None:
        if self.alive():
            os.kill(self._pid, number)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _started(supervision: Supervision) -> Child:
    """A postgres; tried again while an old server that ended uncleanly is still disappearing."""
    unclean = (Path(supervision.data) / "postmaster.pid").exists()
    tries = STARTS if unclean else 1
    while True:
        child = Child(supervision)
        began = time.monotonic()
        while child.alive() and time.monotonic() - began < UNCLEAN_WAIT_SECONDS:
            time.sleep(0.02)
        tries -= 1
        if not child.failed() or not tries:
            return child
        time.sleep(UNCLEAN_WAIT_SECONDS)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unused(handle: int) -> bool:
    """Whether no user holds the users' lock now."""
    if not _taken(handle):
        return False
    fcntl.flock(handle, fcntl.LOCK_UN)
    return True


def _woken_by_signals() -> int:
    """A descriptor that becomes readable at a signal, so that the end of the server does not wait for the next poll."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    return readable


def _stop(server: Child | Orphan) -> None:
    for number, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, STOP_SECONDS)):
        server.signal(number)
        deadline = time.monotonic() + seconds
        while server.alive():
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        else:
            return


def supervise(supervision: Supervision) -> None:
    """Run the server until it ends by itself, has no users any more, or we are told to go."""
    told = []
    woken = _woken_by_signals()
    signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    signal.signal(signal.SIGCHLD, lambda number, _: None)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = Orphan(supervision.adopt, supervision.data) if supervision.adopt else _started(supervision)
    users = os.open(supervision.users_lock, os.O_RDWR | os.O_CLOEXEC)
    starting = os.open(supervision.start_lock, os.O_RDWR | os.O_CLOEXEC)
    poll = min(POLL_SECONDS, supervision.idle_seconds / 4)
    last_used = time.monotonic()
    while server.alive() and not told:
        if select.select([woken], [], [], poll)[0]:
            os.read(woken, 4096)
        if not _unused(users):
            last_used = time.monotonic()
        elif time.monotonic() - last_used >= supervision.idle_seconds and _taken(starting):
            # Nobody can be given this server while we hold the start lock, and we hold it until the server is gone.
            if _unused(users):
                break
            fcntl.flock(starting, fcntl.LOCK_UN)
    if server.alive():
        _stop(server)


def main() -> None:
    supervision = Supervision(**json.loads(sys.argv[1]))
    mine = os.open(supervision.supervisor_lock, os.O_RDWR | os.O_CLOEXEC)
    if not _taken(mine):  # another supervisor is at work
        sys.exit(3)
    if os.fork():
        os._exit(0)  # the starter waits for this process only; the lock stays with the child
    os.setsid()
    os.chdir("/")
    supervise(supervision)


if __name__ == "__main__":
    main()
