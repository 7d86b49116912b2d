"""Sources: what was read so far from each file, and as which generation of it."""

from collections.abc import Sequence

import psycopg
from msgspec import Struct
from psycopg.rows import class_row

_COLUMNS = (
    "source_id, adapter, adapter_version, path, device, inode, generation, head_hash, tail_hash, position, "
    "size_bytes, content_version, memory, zone, first_ts, events, state"
)


class Source(Struct, kw_only=True):
    """One row of `sources`, as far as a reader needs it."""

    source_id: int
    adapter: str
    adapter_version: int
    path: str
    device: int
    inode: int
    generation: int
    head_hash: bytes | None
    tail_hash: bytes | None
    position: int
    size_bytes: int
    content_version: int
    memory: bytes | None
    zone: str
    first_ts: object
    events: int
    state: str


Key = tuple[int, int]
"""(device, inode), as signed numbers."""


class New(Struct, frozen=True):
    """A file, or a generation of one, that was not seen before."""

    adapter: str
    adapter_version: int
    path: str
    device: int
    inode: int
    generation: int


def find(connection: psycopg.Connection, keys: Sequence[Key]) -> dict[Key, Source]:
    """Return the newest generation of each of these files, as far as they were ever seen."""
    with connection.cursor(row_factory=class_row(Source)) as cursor:
        cursor.execute(
            f"SELECT DISTINCT ON (device, inode) {_COLUMNS} FROM sources "  # noqa: S608 our own names
            "WHERE (device, inode) IN (SELECT * FROM unnest(%s::bigint[], %s::bigint[])) "
            "ORDER BY device, inode, generation DESC",
            ([key[0] for key in keys], [key[1] for key in keys]),
        )
        return {(source.device, source.inode): source for source in cursor}


def add(connection: psycopg.Connection, files: Sequence[New]) -> None:
    """Register files and generations, each replacing the one before; where another worker was first, its row stays."""
    rows = sorted((new.device, new.inode, new.generation, new.adapter, new.adapter_version, new.path) for new in files)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE sources SET state = 'replaced' WHERE device = %s AND inode = %s AND generation < %s",
            [row[:3] for row in rows if row[2]],
        )
        cursor.executemany(
            "INSERT INTO sources (device, inode, generation, adapter, adapter_version, path) "
            "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            rows,
        )


def rename(connection: psycopg.Connection, source_id: int, path: str) -> None:
    """Say where a file lies now."""
    connection.execute("UPDATE sources SET path = %s WHERE source_id = %s", (path, source_id))


def rewind(connection: psycopg.Connection) -> int:
    """Set every source back to its start, so that all is read again; return how many."""
    return connection.execute(
        "UPDATE sources SET position = 0, memory = NULL, tail_hash = NULL, content_version = content_version + 1 "
        "WHERE position > 0 AND state <> 'replaced'"
    ).rowcount
