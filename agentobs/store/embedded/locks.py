"""Locks on files: the kernel lets go of them when their process dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agentobs.errors import EmbeddedServerError


def opened(path: Path, owner: int) -> int:
    """A file descriptor of a lock or log file (writes go to its end), which belongs to the owner of its folder."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        try:
            handle = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return os.open(path, flags)
    except OSError as error:
        raise EmbeddedServerError(
            f"cannot open {path} ({error.strerror}); make {path.parent} writable for this user"
        ) from error
    if os.geteuid() == 0:
        os.fchown(handle, owner, -1)
    return handle


def taken(handle: int, kind: int) -> bool:
    """Whether we got the lock (LOCK_EX or LOCK_SH) without waiting."""
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def held(path: Path, owner: int) -> bool:
    """Whether another open file holds this lock in any way."""
    handle = opened(path, owner)
    try:
        return not taken(handle, fcntl.LOCK_EX)
    finally:
        os.close(handle)


@contextmanager
def exclusive(path: Path, owner: int, *, timeout_seconds: float) -> Iterator[None]:
    """Hold the lock; an error if somebody else keeps it too long."""
    handle = opened(path, owner)
    try:
        deadline = time.monotonic() + timeout_seconds
        while not taken(handle, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                waited = f"{timeout_seconds:.0f} s"
                text = f"another process has been starting or stopping the server of {path.parent} for {waited}; end it"
                raise EmbeddedServerError(text)
            time.sleep(0.02)
        yield
    finally:
        os.close(handle)
