"""What is found where: the files below a root that an adapter claims by content, and why others are passed over."""

import os
import stat
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from agentobs.adapters._base import Adapter
from agentobs.errors import SourceError
from agentobs.ingest import databases, gathered
from agentobs.ingest.tail import open_regular

_HEAD = 64 * 1024


class Found(NamedTuple):
    """A file and the adapter that claims it."""

    path: Path
    adapter: Adapter
    size_bytes: int


class PassedOver(NamedTuple):
    """A file or folder that is not read, and why."""

    path: Path
    reason: str


def discover(root: Path, adapters: Mapping[str, Adapter]) -> Iterator[Found | PassedOver]:
    """Yield what lies below the root (or the root itself, if it is a file), in the order of its path.

    Links are not followed: what they lead to is found where it lies, or lies outside. Raises SourceError when the root
    is not there or may not be read.
    """
    try:
        mode = root.stat().st_mode
    except OSError as error:
        raise SourceError(f"cannot read {str(root)!r}: {_why(error)}; name a folder or file of session logs") from error
    if not stat.S_ISDIR(mode):
        yield _look(root.resolve(), adapters, named=True)
        return
    if not os.access(root, os.R_OK | os.X_OK):
        raise SourceError(f"cannot read {str(root)!r}: permission denied")
    yield from _walk(root.resolve(), adapters)


def _walk(folder: Path, adapters: Mapping[str, Adapter]) -> Iterator[Found | PassedOver]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield PassedOver(folder, _why(error))
        return
    for entry in entries:
        path = folder / entry.name
        try:
            if entry.is_symlink():
                yield PassedOver(path, "a link: what it leads to is read where it lies")
            elif entry.is_dir(follow_symlinks=False):
                yield from _walk(path, adapters)
            elif any(fnmatch(entry.name, pattern) for adapter in adapters.values() for pattern in adapter.patterns):
                yield _look(path, adapters)
        except OSError as error:
            yield PassedOver(path, _why(error))


def _look(path: Path, adapters: Mapping[str, Adapter], *, named: bool = False) -> Found | PassedOver:
    try:
        with open_regular(path) as file:
            head = os.pread(file.fd, _HEAD, 0)
            size = file.size_bytes
        if head.startswith(databases.MAGIC):
            head += databases.log_head(path, _HEAD)
    except (OSError, SourceError) as error:
        return PassedOver(path, _why(error))
    if not head:
        return PassedOver(path, "empty")
    adapter = claim(head, path, adapters, named=named)
    if not isinstance(adapter, PassedOver):
        return Found(path, adapter, size)
    is_record, owner = gathered.owner_of(head, path, adapters)
    if is_record:
        return PassedOver(path, "a record that is read with its session" if owner else "a record without its session")
    return adapter


def claim(head: bytes, path: Path, adapters: Mapping[str, Adapter], *, named: bool = False) -> Adapter | PassedOver:
    """Return the adapter that is surest of the content; a tie is said, never guessed."""
    scores = sorted(
        ((adapter.detect(head), adapter) for adapter in adapters.values() if named or _fits(path, adapter)),
        key=lambda pair: -pair[0],
    )
    if not scores or scores[0][0] <= 0:
        return PassedOver(path, "no format that we know")
    if len(scores) > 1 and scores[1][0] == scores[0][0]:
        names = " and ".join(adapter.name for score, adapter in scores if score == scores[0][0])
        return PassedOver(path, f"claimed by {names} alike")
    return scores[0][1]


def _fits(path: Path, adapter: Adapter) -> bool:
    return any(fnmatch(path.name, pattern) for pattern in adapter.patterns)


def _why(error: Exception) -> str:
    return (error.strerror or type(error).__name__).lower() if isinstance(error, OSError) else str(error)
