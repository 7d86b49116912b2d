"""opencode's database: ~/.local/share/opencode/opencode.db, tables session, message and part.

A message's and a part's record is JSON without its ids, which are columns; a session's is columns. Put together they
are what an export holds, see opencode: each session of the database is read as an export of it would be, and gives the
same events. Left out: `session_message` of the next generation, todos, permissions, the diffs of a session's summary.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from agentobs.adapters._base import Adapter, Fidelity, NoMemory
from agentobs.adapters._opencode_origin import NAME
from agentobs.adapters._opencode_session import content, session_items, with_ids
from agentobs.adapters._rows import Pieces, columns
from agentobs.adapters._whole_document import Document, encode, inside, objects, read_document
from agentobs.events import Item, Line, Reject, Skip

_MAGIC = b"SQLite format 3\0"
_PARTS = re.compile(rb"CREATE TABLE [`\"\[]?part\b[`\"\]]?\s*\([^;]{0,400}?\bmessage_id\b", re.IGNORECASE)
_NAMES = {
    "id": "id",
    "slug": "slug",
    "project_id": "projectID",
    "directory": "directory",
    "parent_id": "parentID",
    "title": "title",
    "version": "version",
}
_TIMES = {"time_created": "created", "time_updated": "updated"}
_SUMMARY = {"summary_additions": "additions", "summary_deletions": "deletions", "summary_files": "files"}


def tables(connection: sqlite3.Connection) -> bytes:
    """Return {sessions: [...]}, each as it would be exported; raise ValueError without the tables of opencode."""
    missing = [name for name in ("session", "message", "part") if not columns(connection, name)]
    if missing:
        raise ValueError(f"no table {missing[0]!r}: not a database of opencode, or of another generation of it")
    known = [name for name in columns(connection, "session") if name in {**_NAMES, **_TIMES, **_SUMMARY}]
    pieces = Pieces()
    pieces.add(b'{"sessions":[')
    sessions = connection.execute(f"SELECT {', '.join(known)} FROM session ORDER BY id")  # noqa: S608 our own names
    for number, row in enumerate(sessions):
        info = _info({name: _text(value) for name, value in zip(known, row, strict=True)})
        pieces.add(b"," if number else b"", b'{"info":', encode(info), b',"messages":[')
        _add_messages(connection, info.get("id"), pieces)
        pieces.add(b"]}")
    pieces.add(b"]}")
    return pieces.joined()


def _info(row: dict[str, Any]) -> dict[str, Any]:
    info = {known: row.get(name) for name, known in _NAMES.items()}
    info["summary"] = {known: row[name] for name, known in _SUMMARY.items() if row.get(name) is not None} or None
    info["time"] = {known: row[name] for name, known in _TIMES.items() if row.get(name) is not None}
    return {name: value for name, value in info.items() if value is not None}


def _add_messages(connection: sqlite3.Connection, session_id: object, pieces: Pieces) -> None:
    messages = connection.execute(
        "SELECT id, data FROM message WHERE session_id = ? ORDER BY time_created, id", (session_id,)
    )
    for number, (message_id, data) in enumerate(messages):
        ids = {"id": _text(message_id), "sessionID": session_id}
        pieces.add(b"," if number else b"", b'{"info":', with_ids(data, ids), b',"parts":[')
        parts = connection.execute("SELECT id, data FROM part WHERE message_id = ? ORDER BY id", (ids["id"],))
        for place, (part_id, part) in enumerate(parts):
            its_ids = {"id": _text(part_id), "sessionID": session_id, "messageID": ids["id"]}
            pieces.add(b"," if place else b"", with_ids(part, its_ids))
        pieces.add(b"]}")


def _text(value: object) -> object:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def parse(lines: Iterable[Line], memory: NoMemory) -> Iterator[Item]:
    """Yield the events of every session in a database, one after the other."""
    for line in lines:
        document = read_document(line)
        if isinstance(document, str):
            yield Reject(line[0], document, line[1])
        elif not isinstance(document.value, dict) or not isinstance(document.value.get("sessions"), list):
            yield Reject(line[0], "no sessions at the top of the document", line[1])
        else:
            yield from _items(document)


def _items(document: Document) -> Iterator[Item]:
    sessions = objects(document.value["sessions"], inside(document.original, "sessions"))
    if not sessions:
        yield Skip(0, "no_sessions")
    offset = 0
    for value, original in sessions:
        for item in session_items(value, original, sanitised=document.sanitised, offset=offset):
            yield item
            offset = max(offset, item.offset)
        offset += 1


def detect(head: bytes) -> float:
    """Return how sure it is that a database is opencode's: its schema says so."""
    return 0.95 if head.startswith(_MAGIC) and _PARTS.search(head) else 0.0


ADAPTER = Adapter(
    name="opencode_database",
    agent=NAME,
    title="opencode database",
    locations=(".local/share/opencode/opencode*.db",),
    patterns=("opencode*.db",),
    detect=detect,
    parse=parse,
    content=content,
    whole=True,
    tables=tables,
    fidelity=Fidelity(
        times=True,
        model=True,
        tokens=True,
        cost=True,
        outcomes=True,
        threads=False,
        subagents=True,
        edits=True,
        version=True,
        basis="https://github.com/anomalyco/opencode: packages/opencode/src/session/session.sql.ts, session.ts",
    ),
)
