"""Sources: what was read so far from each file, and as which generation of it."""

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


def find(connection: psycopg.Connection, device: int, inode: int) -> Source | None:
    """Return the newest generation of a file, or None when it was never seen."""
    return _one(
        connection,
        f"SELECT {_COLUMNS} FROM sources WHERE device = %s AND inode = %s ORDER BY generation DESC LIMIT 1",  # noqa: S608
        (device, inode),
    )


def load(connection: psycopg.Connection, source_id: int) -> Source | None:
    """Return a source as it is now."""
    return _one(connection, f"SELECT {_COLUMNS} FROM sources WHERE source_id = %s", (source_id,))  # noqa: S608


def add(
    connection: psycopg.Connection,
    *,
    adapter: str,
    adapter_version: int,
    path: str,
    device: int,
    inode: int,
    generation: int,
) -> Source:
    """Register a file's generation, replace the one before it, and return it; two workers get the same one."""
    with connection.transaction():
        connection.execute(
            "UPDATE sources SET state = 'replaced' WHERE device = %s AND inode = %s AND generation < %s",
            (device, inode, generation),
        )
        connection.execute(
            "INSERT INTO sources (adapter, adapter_version, path, device, inode, generation) "
            "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (adapter, adapter_version, path, device, inode, generation),
        )
    found = find(connection, device, inode)
    assert found is not None
    return found


def rename(connection: psycopg.Connection, source_id: int, path: str) -> None:
    """Say where a file lies now."""
    connection.execute("UPDATE sources SET path = %s WHERE source_id = %s", (path, source_id))


def rewind(connection: psycopg.Connection) -> int:
    """Set every source back to its start, so that all is read again; return how many."""
    return connection.execute(
        "UPDATE sources SET position = 0, memory = NULL, tail_hash = NULL, content_version = content_version + 1 "
        "WHERE position > 0 AND state <> 'replaced'"
    ).rowcount


def _one(connection: psycopg.Connection, query: str, values: tuple[object, ...]) -> Source | None:
    with connection.cursor(row_factory=class_row(Source)) as cursor:
        return cursor.execute(query.encode(), values).fetchone()
