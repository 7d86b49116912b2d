"""Sessions whose records lie in files of their own: gathered into one document, below one folder, past no link."""

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from agentobs.adapters._base import Adapter, Gathering
from agentobs.errors import SourceError
from agentobs.ingest import tail

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def document(fd: int, path: Path, gathering: Gathering) -> bytes:
    """Return the document of the session whose file is open as `fd` and lies at `path`.

    Raises ValueError, with a reason, when it cannot be made; SourceError when the folder cannot be read.
    """
    own = tail.document(fd)
    root = _root(path, gathering)
    if root is None:
        raise ValueError(f"lies in no folder {gathering.levels} levels deep, as the records of its format do")
    with _opened(root) as folder:
        found = gathering.document(own, _Files(folder))
    if len(found) > tail.DOCUMENT_CAP:
        raise ValueError(f"a document of {len(found)} bytes; at most {tail.DOCUMENT_CAP} are read")
    return found


def owner_of(head: bytes, path: Path, adapters: Mapping[str, Adapter]) -> tuple[bool, Path | None]:
    """Tell whether a file is a record that is read with its session, and return the session's file if it is there."""
    for adapter in adapters.values():
        if adapter.gathering is None:
            continue
        glob = adapter.gathering.owner(head)
        root = _root(path, adapter.gathering)
        if glob is not None and root is not None:
            return True, next(iter(sorted(root.glob(glob))), None)
    return False, None


class _Files:
    """The files below a folder, opened one name after the other from there."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._read = 0

    def names(self, folder: str) -> list[str]:
        try:
            with self._inside(folder, _FOLDER) as fd, os.scandir(fd) as entries:
                return sorted(entry.name for entry in entries)
        except OSError:  # not there, a link, or not ours to read: the session is then what can be read of it
            return []

    def read(self, path: str) -> bytes | None:
        try:
            with self._inside(path, _FILE) as fd:
                data = tail.document(fd) if stat.S_ISREG(os.fstat(fd).st_mode) else None
        except OSError:
            return None
        self._read += len(data or b"")
        if self._read > tail.DOCUMENT_CAP:
            raise ValueError(f"records of more than {tail.DOCUMENT_CAP} bytes together")
        return data

    @contextmanager
    def _inside(self, path: str, flags: int) -> Iterator[int]:
        names = PurePosixPath(path).parts
        if not names or names[0] == "/" or ".." in names:
            raise FileNotFoundError(path)
        opened = [os.dup(self._root)]
        try:
            for place, name in enumerate(names, 1):
                opened.append(os.open(name, flags if place == len(names) else _FOLDER, dir_fd=opened[-1]))
            yield opened[-1]
        finally:
            for fd in opened:
                os.close(fd)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise SourceError((error.strerror or "unreadable").lower()) from error
    try:
        yield fd
    finally:
        os.close(fd)


def _root(path: Path, gathering: Gathering) -> Path | None:
    parents = path.absolute().parents
    return parents[gathering.levels] if len(parents) > gathering.levels else None
