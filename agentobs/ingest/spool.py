"""The spool: what comes by network is durable here before anybody is told so, whatever the database does.

One thread writes: all frames that wait form a group, one `fdatasync` makes them durable, then their futures resolve. A
segment whose write or sync fails is cut back to what was durable and never touched again; what was in the group fails,
and the next group begins a new segment. Payloads come redacted.
"""

import fcntl
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple

import msgspec

from agentobs.errors import SpoolError, SpoolFull
from agentobs.ingest._segment_writer import SegmentWriter
from agentobs.ingest._segments import HEAD_BYTES, SPAN, Damage, Frame, encode, frames, new_segment, segments_in

FRAME_BYTES = 2 << 20  # lines are put into frames of about this size
_GROUP_BYTES = 16 << 20
_FRESH_S = 0.25  # so long a look at the disk holds
_FULL = 28  # ENOSPC
_QUOTA = 122  # EDQUOT


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the spool may take, and how it is cut into segments."""

    cap_bytes: int = 8 << 30
    free_bytes: int = 512 << 20  # of the disk, left to others
    segment_bytes: int = 64 << 20
    segment_s: float = 60.0  # an older segment is closed, so that it can be removed once it is stored

    @property
    def rotate_bytes(self) -> int:
        """Size at which a segment is closed: some must fit below the cap, and none may outgrow its addresses."""
        return max(min(self.segment_bytes, self.cap_bytes // 4, SPAN // 2), 1)


class Usage(NamedTuple):
    """What lies in the spool now."""

    held_bytes: int
    cap_bytes: int
    free_bytes: int
    appended: int  # payloads made durable by this process


class _Waiting(NamedTuple):
    payloads: Sequence[bytes]
    size_bytes: int
    future: "Future[None]"


class Spool:
    """A folder of segments, written by this process alone. Methods may be called from any thread."""

    def __init__(self, folder: Path, limits: Limits = Limits()) -> None:  # noqa: B008 it is immutable
        """Take the folder, cut a torn frame off its last segment; raise SpoolError when another process has it."""
        self.folder = folder
        self.limits = limits
        self._folder_fd, self._lock_fd = _take(folder)
        try:
            spool_id(folder)
            self._base, self._number = _recover(folder)
        except BaseException:
            os.close(self._folder_fd)
            os.close(self._lock_fd)
            raise
        self._writer: SegmentWriter | None = None
        self._empty: Path | None = None  # a segment that was given up before anything was durable in it
        self._began = 0.0
        self._waiting: deque[_Waiting] = deque()
        self._pending = 0  # bytes of those
        self._changed = threading.Condition()
        self._closed = False
        self._looked = float("-inf")
        self._held = self._free = self._appended = 0
        self._thread = threading.Thread(target=self._run, name="agentobs-spool", daemon=True)
        self._thread.start()

    def append(self, payloads: Sequence[bytes]) -> "Future[None]":
        """Queue payloads (of `payload_of`); the future resolves when all are durable, and fails when one is not.

        Raises SpoolFull above the cap of bytes or below the floor of free space.
        """
        size = sum(len(payload) + HEAD_BYTES for payload in payloads)
        future: Future[None] = Future()
        future.set_running_or_notify_cancel()  # who waits may go away; what was queued is written all the same
        with self._changed:
            if self._closed:
                raise SpoolError("the spool is closed: the server is going down; send it again")
            self._admit(size)
            self._waiting.append(_Waiting(payloads, size, future))
            self._pending += size
            self._changed.notify()
        return future

    def usage(self) -> Usage:
        """Return what lies in the spool; looks at the disk at most every quarter of a second."""
        with self._changed:
            self._look()
            return Usage(self._held + self._pending, self.limits.cap_bytes, self._free, self._appended)

    def admit(self, size_bytes: int = 0) -> None:
        """Raise SpoolFull when so many bytes would not be taken now."""
        with self._changed:
            self._admit(size_bytes)

    def close(self) -> None:
        """Make everything that waits durable, then let go of the folder."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()
        os.close(self._folder_fd)
        os.close(self._lock_fd)

    def _admit(self, size: int) -> None:
        self._look()
        held, cap = self._held + self._pending, self.limits.cap_bytes
        if held + size > cap:
            raise SpoolFull(f"the spool holds {held} of {cap} bytes; send {size} bytes again when it has drained")
        if self._free - self._pending - size < self.limits.free_bytes:
            raise SpoolFull(
                f"the disk of the spool has {self._free} bytes left and {self.limits.free_bytes} are not for the "
                "spool; send it again later"
            )

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked < _FRESH_S:
            return
        self._looked = now
        disk = os.statvfs(self._folder_fd)
        self._free = disk.f_bavail * disk.f_frsize
        self._held = sum(_size_of(segment.path) for segment in segments_in(self.folder))

    def _run(self) -> None:
        while (group := self._group()) is not None:
            if not group:
                self._rotate()
                continue
            try:
                self._write(group)
            except Exception as error:  # noqa: BLE001 whoever waits must be told, and the thread must live on
                self._abandon()
                failure = _failure(error)
                failure.__cause__ = error
                for one in group:
                    one.future.set_exception(failure)
            else:
                for one in group:
                    one.future.set_result(None)
        if self._writer is not None:
            self._writer.close()

    def _group(self) -> list[_Waiting] | None:
        """Wait for payloads; nothing: the segment is old; None: closed."""
        with self._changed:
            while not self._waiting:
                if self._closed:
                    return None
                left = None
                if self._writer is not None and self._writer.size_bytes:
                    left = self._began + self.limits.segment_s - time.monotonic()
                    if left <= 0:
                        return []
                self._changed.wait(left)
            group, size = [self._waiting.popleft()], 0
            while self._waiting and size < _GROUP_BYTES:
                size += self._waiting[0].size_bytes
                group.append(self._waiting.popleft())
            return group

    def _write(self, group: Sequence[_Waiting]) -> None:
        try:
            if self._writer is not None and self._writer.size_bytes >= self.limits.rotate_bytes:
                self._rotate()
            writer = self._writer or self._begin()
            if writer.size_bytes == 0:
                self._began = time.monotonic()  # an empty one does not age
            parts: list[bytes] = []
            number = self._number
            for one in group:
                for payload in one.payloads:
                    parts += encode(writer.segment.marker, number, payload)
                    number += 1
            writer.append(parts)
            self._appended += number - self._number
            self._number = number
        finally:
            size = sum(one.size_bytes for one in group)
            with self._changed:
                self._pending -= size
                self._held += size

    def _begin(self) -> SegmentWriter:
        segment = new_segment(self.folder, self._base, self._number)
        self._base += SPAN  # also if this fails
        self._writer = SegmentWriter(segment, self._folder_fd)
        if self._empty is not None:
            self._empty.unlink(missing_ok=True)
            self._empty = None
        return self._writer

    def _rotate(self) -> None:
        """End the segment: all of it is durable, so that the next one's addresses follow."""
        if self._writer is not None:
            self._base = self._writer.segment.base + self._writer.size_bytes
            self._writer.close()
            self._writer = None
            self._begin_empty()

    def _begin_empty(self) -> None:
        """Begin the next segment, so that the one before may be removed; if that fails now, the next group tries."""
        try:
            self._begin()
        except OSError:
            self._writer = None

    def _abandon(self) -> None:
        if self._writer is not None:
            self._writer.abandon()
            # The last segment stays, even empty: its name says where addresses and numbers go on.
            self._empty = None if self._writer.size_bytes else self._writer.segment.path
            self._writer = None
        self._looked = float("-inf")


def spool_id(folder: Path) -> int:
    """Return the number that names the spool in this folder, made on the first call: 63 bits."""
    path = folder / "spool.id"
    if not path.exists():
        draft = folder / f".spool.id.{secrets.token_hex(8)}"
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, b"%016x\n" % (secrets.randbits(62) + 1))
            os.fsync(fd)
            os.link(draft, path)  # appears whole, and never replaces that of a faster process
        except FileExistsError:
            pass
        finally:
            os.close(fd)
            draft.unlink()
    text = path.read_bytes().strip()
    try:
        return int(text, 16) & ((1 << 63) - 1)
    except ValueError as error:
        raise SpoolError(f"{path} holds {text[:40]!r}, not the number of a spool; restore it") from error


def _take(folder: Path) -> tuple[int, int]:
    """Make the folder private and ours; return its descriptor and the lock's."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        folder_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        lock_fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SpoolError(f"cannot use {str(folder)!r} as spool: {(error.strerror or str(error)).lower()}") from error
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(folder_fd)
        os.close(lock_fd)
        raise SpoolError(
            f"another process writes to the spool {str(folder)!r}; stop it, or choose another AGENTOBS_HOME"
        ) from error
    return folder_fd, lock_fd


def _recover(folder: Path) -> tuple[int, int]:
    """Cut a torn frame off the last segment; return the base and the number with which writing goes on.

    Nothing is appended to what another process wrote: what a reader has seen of it may not have reached the disk.
    """
    segments = segments_in(folder)
    if not segments:
        return 0, 0
    last = segments[-1]
    try:
        with last.path.open("r+b", buffering=0) as file:
            number, end, torn = last.first, 0, False
            for part in frames(file.fileno(), last, 0, sealed=True):
                torn = isinstance(part, Damage)
                if isinstance(part, Frame):
                    number, end = part.number + 1, part.end
            if torn:
                file.truncate(end)
                os.fsync(file.fileno())
    except OSError as error:
        raise SpoolError(f"{last.path} cannot be read or cut: {(error.strerror or str(error)).lower()}") from error
    return last.base + SPAN, number


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # drained meanwhile
        return 0


def _failure(error: Exception) -> SpoolError:
    if not isinstance(error, OSError):
        return SpoolError(f"the spool could not be written ({type(error).__name__}); nothing of this is kept")
    reason = (error.strerror or str(error)).lower()
    if error.errno in {_FULL, _QUOTA}:
        return SpoolFull(f"the disk of the spool is full ({reason}); nothing of this is kept: send it again later")
    return SpoolError(f"the spool could not be written ({reason}); nothing of this is kept: send it again")
