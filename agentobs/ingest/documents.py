"""What a source that is one document holds: a file as it is, rows of a database, or the files of its records.

`content` is what tells whether it changed; `unpacked` is the JSON document that is read. Both are as large as a
document may be, at most: a database is never read as a file.
"""

import os
from pathlib import Path
from typing import NamedTuple

from agentobs.adapters._base import Adapter
from agentobs.ingest import databases, gathered, tail

HEAD = 64 << 10


class Content(NamedTuple):
    """What a source holds; of what cannot be read, the reason stands for it: the same one is said once."""

    data: bytes
    size_bytes: int  # of the file
    refused: str | None = None


def content(adapter: Adapter, fd: int, path: Path) -> Content:
    """Return what a source holds now; raise SourceError when that cannot be told now."""
    size = os.fstat(fd).st_size
    try:
        if adapter.tables is not None:
            return Content(databases.document(fd, path, adapter.tables), size)
        if adapter.gathering is not None:
            return Content(gathered.document(fd, path, adapter.gathering), size)
    except ValueError as error:
        return Content(str(error).encode("utf-8", "replace"), size, str(error))
    data = tail.document(fd)
    return Content(data, len(data))


def is_archive(head: bytes) -> bool:
    """Tell by the first HEAD bytes of a document whether it is packed in a way that is no text."""
    return b"\0" in head[:HEAD]


def unpacked(adapter: Adapter, found: Content) -> bytes:
    """Return the document in it; raise ValueError, with a reason, when there is none."""
    if found.refused is not None:
        raise ValueError(found.refused)
    return found.data if adapter.unpack is None else adapter.unpack(found.data)
