"""SQLite databases of agents that may be running: read without a change to them or a file left beside them.

SQLite's own read-only mode is not enough for that. With a write-ahead log it makes `-wal` and `-shm` files where they
are not there, and leaves them; `immutable=1` makes none, but sees no log, and reads nonsense when somebody writes.
So how a database is read depends on how it is written:

    rollback journal           in place, `mode=ro`: a reader takes a lock that every writer respects, and writes nothing
    log, empty or not there    in place, `immutable=1`; read again if the file or its log changed meanwhile
    log with content           a copy of both in a private folder that is deleted afterwards: the log is seen, and
                               nothing is touched; copied again if a checkpoint came in between
    the same, above COPY_MOST  in place, `mode=ro`, where the agent's `-shm` is there: only marks of readers change in
                               it, and a checkpoint waits for us, as for any reader; without one it is copied after all

What is read is one moment: a copy, a file that did not change, or one transaction. Nobody waits for us longer than
that, and we wait `_BUSY_S` for a lock. A link is not followed, nor a path that leads to another file than the open one.
"""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from agentobs.errors import SourceError
from agentobs.ingest import tail

MAGIC = b"SQLite format 3\0"
COPY_MOST = 256 << 20  # bytes of a database and its log together
_BUSY_S = 2.0
_TRIES = 3
_STEPS = 1_000_000
_MOST_STEPS = 5_000 * _STEPS  # of SQLite's machine: a minute or so; a crafted view could go on for ever
_BY_LOG = 2  # in the header: written with a write-ahead log

_LATER = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_OUTSIDE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY}

Extract = Callable[[sqlite3.Connection], bytes]


class State(NamedTuple):
    """What changes when a database does."""

    size_bytes: int
    changed_ns: int
    log_bytes: int | None  # None: no log
    log_head: bytes


class _Changed(Exception):
    """The database was written to while it was read."""


def document(fd: int, path: Path, extract: Extract) -> bytes:
    """Return what an adapter takes from the database that is open as `fd` and lies at `path`.

    Raises ValueError, with a reason, when it is none or damaged; SourceError when it cannot be read now.
    """
    head = os.pread(fd, 100, 0)
    if not head.startswith(MAGIC) or len(head) < 100:
        raise ValueError("not an SQLite database")
    for _ in range(_TRIES):
        try:
            return _document(fd, path, extract, by_log=_BY_LOG in head[18:20])
        except _Changed:
            continue
        except OSError as error:  # no room for a copy, a disk that fails
            raise SourceError(f"a database that cannot be read now ({error.strerror}): try again") from error
    raise SourceError("a database that is written to faster than it can be read: try again")


def log_of(path: Path) -> Path:
    """Return where a database's write-ahead log lies."""
    return path.with_name(path.name + "-wal")


def log_head(path: Path, size: int) -> bytes:
    """Return what the write-ahead log of a database begins with: of a young one all its content is there."""
    with _log(path) as fd:
        return b"" if fd is None else os.pread(fd, size, 0)


def _document(fd: int, path: Path, extract: Extract, *, by_log: bool) -> bytes:
    before = _state(fd, path)
    if not by_log:
        return _in_place(fd, path, extract, "mode=ro")
    if not before.log_bytes:
        found = _in_place(fd, path, extract, "mode=ro&immutable=1")
        if _state(fd, path) != before:
            raise _Changed
        return found
    has_index = os.path.lexists(path.with_name(path.name + "-shm"))
    if before.size_bytes + before.log_bytes > COPY_MOST and has_index:
        return _in_place(fd, path, extract, "mode=ro")
    with tempfile.TemporaryDirectory(prefix="agentobs-") as folder:  # of mode 0700
        copy = Path(folder) / "copy.db"
        with _log(path) as log:
            if log is None:
                raise _Changed
            _copy(fd, copy)
            _copy(log, log_of(copy))
        # The log may have grown, and its last frames be torn: SQLite ignores those. A checkpoint changes the database;
        # a log that begins anew has another head.
        if _state(fd, path)._replace(log_bytes=before.log_bytes) != before:
            raise _Changed
        return _extracted(copy, extract, "mode=ro")


def _state(fd: int, path: Path) -> State:
    status = os.fstat(fd)
    with _log(path) as log:
        if log is None:
            return State(status.st_size, status.st_mtime_ns, None, b"")
        return State(status.st_size, status.st_mtime_ns, os.fstat(log).st_size, os.pread(log, 32, 0))


@contextmanager
def _log(path: Path) -> Iterator[int | None]:
    """The open write-ahead log of a database; None where there is none."""
    with ExitStack() as stack:
        try:
            fd = stack.enter_context(tail.open_regular(log_of(path))).fd
        except SourceError:
            if os.path.lexists(log_of(path)):
                raise
            fd = None
        yield fd


def _in_place(fd: int, path: Path, extract: Extract, mode: str) -> bytes:
    def checked(connection: sqlite3.Connection) -> bytes:
        _same_file(fd, path)
        return extract(connection)

    found = _extracted(path, checked, mode)
    _same_file(fd, path)
    return found


def _same_file(fd: int, path: Path) -> None:
    ours = os.fstat(fd)
    try:
        there = os.lstat(path)
    except OSError as error:
        raise SourceError("gone while it was read") from error
    if (ours.st_dev, ours.st_ino) != (there.st_dev, there.st_ino):
        raise SourceError("another file lies there now: try again")


def _extracted(path: Path, extract: Extract, mode: str) -> bytes:
    with _translated(), closing(_connected(path, mode)) as connection:
        connection.execute("BEGIN")
        found = extract(connection)
    if len(found) > tail.DOCUMENT_CAP:
        raise ValueError(f"a document of {len(found)} bytes; at most {tail.DOCUMENT_CAP} are read")
    return found


def _connected(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=_BUSY_S, isolation_level=None)
    connection.text_factory = bytes
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, tail.DOCUMENT_CAP)
    connection.set_progress_handler(_patience(), _STEPS)
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _patience() -> Callable[[], bool]:
    left = iter(range(_MOST_STEPS // _STEPS))
    return lambda: next(left, None) is None


@contextmanager
def _translated() -> Iterator[None]:
    """What SQLite says, as ours: a file that is damaged stays so, one that cannot be read now may be read later."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _LATER:
            raise SourceError("a database that its agent has locked: try again") from error
        if code in _OUTSIDE:
            raise SourceError(f"a database that cannot be read now ({error}): try again") from error
        if code == sqlite3.SQLITE_INTERRUPT:
            raise ValueError("a database that takes too long to read") from error
        raise ValueError(f"a database that cannot be read: {error}"[:300]) from error


def _copy(fd: int, target: Path) -> None:
    position = 0
    with target.open("xb") as file:
        while piece := os.pread(fd, tail.CHUNK, position):
            file.write(piece)
            position += len(piece)
