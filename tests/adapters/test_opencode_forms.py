"""opencode keeps a session in files, in a database, or exports it: the same events whichever is read."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agentobs.adapters import opencode, opencode_database, opencode_storage
from agentobs.adapters._base import Adapter, NoMemory
from agentobs.events import Event, Item, Reject
from tests.adapters.golden import ADAPTERS, FIXTURES, Folder, fixtures, rows_of

EXPORT = json.loads((FIXTURES / "opencode" / "session.json").read_bytes())
LOGS = Path(__file__).parents[3] / "shared" / "logs"
SCHEMA = """
CREATE TABLE session (id text PRIMARY KEY, project_id text, parent_id text, slug text, directory text, title text,
    version text, summary_additions integer, summary_deletions integer, summary_files integer, summary_diffs text,
    time_created integer, time_updated integer);
CREATE TABLE message (id text PRIMARY KEY, session_id text, time_created integer, data text);
CREATE TABLE part (id text PRIMARY KEY, message_id text, session_id text, data text);
"""


def read(adapter: Adapter, document: bytes) -> list[Item]:
    return list(adapter.parse([(0, document, document)], NoMemory()))


def known_by(items: list[Item]) -> list[tuple]:
    events = [item for item in items if isinstance(item, Event)]
    return [
        (e.id, e.digest, e.usage_key, e.usage, e.tool_call_id, e.offset, e.part, e.role, e.parent_event_id)
        for e in events
    ]


def without(record: dict, *names: str) -> str:
    return json.dumps({name: value for name, value in record.items() if name not in names}, separators=(",", ":"))


def database(*exports: dict) -> bytes:
    """A database with sessions, as opencode would hold what it exported."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA)
        for export in exports:
            info, summary = export["info"], export["info"].get("summary", {})
            connection.execute(
                f"INSERT INTO session VALUES ({','.join('?' * 13)})",
                (
                    *(
                        info.get(name)
                        for name in ("id", "projectID", "parentID", "slug", "directory", "title", "version")
                    ),
                    *(summary.get(name) for name in ("additions", "deletions", "files", "diffs")),
                    *(info["time"][name] for name in ("created", "updated")),
                ),
            )
            for message in export["messages"]:
                own = message["info"]
                values = (own["id"], info["id"], own["time"]["created"], without(own, "id", "sessionID"))
                connection.execute("INSERT INTO message VALUES (?, ?, ?, ?)", values)
                for part in message["parts"]:
                    values = (part["id"], own["id"], info["id"], without(part, "id", "sessionID", "messageID"))
                    connection.execute("INSERT INTO part VALUES (?, ?, ?, ?)", values)
        return connection.serialize()


def storage(folder: Path, export: dict) -> bytes:
    """The document of a session in files, each with its fields in another order than an export has them."""
    info = export["info"]
    for message in export["messages"]:
        own = message["info"]
        write(folder / "message" / info["id"] / f"{own['id']}.json", own)
        for part in message["parts"]:
            write(folder / "part" / own["id"] / f"{part['id']}.json", part)
    return opencode_storage.document(json.dumps(info, indent=2).encode(), Folder(folder))


def write(path: Path, record: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dict(reversed(record.items())), indent=2))


def test_a_session_in_a_database_gives_the_events_of_its_export():
    rows = rows_of(opencode_database.ADAPTER, database(EXPORT))
    exported = known_by(read(opencode.ADAPTER, json.dumps(EXPORT).encode()))
    assert len(exported) > 30
    assert known_by(read(opencode_database.ADAPTER, rows)) == exported


def test_a_session_in_files_gives_the_events_of_its_export(tmp_path):
    document = storage(tmp_path, EXPORT)
    exported = known_by(read(opencode.ADAPTER, json.dumps(EXPORT).encode()))
    assert known_by(read(opencode_storage.ADAPTER, document)) == exported


def test_a_session_is_the_same_one_when_its_files_are_counted_later():
    later = {**EXPORT["info"], "time": {**EXPORT["info"]["time"], "updated": 1}, "share": {"url": "x"}}
    first, *_ = read(opencode.ADAPTER, json.dumps(EXPORT).encode())
    again, *_ = read(opencode.ADAPTER, json.dumps({**EXPORT, "info": later}).encode())
    assert isinstance(first, Event)
    assert isinstance(again, Event)
    assert (first.id, first.digest) == (again.id, again.digest)


def test_the_sessions_of_a_database_stand_one_after_the_other():
    child = {**EXPORT, "info": {**EXPORT["info"], "id": "ses_0a", "parentID": EXPORT["info"]["id"]}, "messages": []}
    items = read(opencode_database.ADAPTER, rows_of(opencode_database.ADAPTER, database(EXPORT, child)))
    sessions = [item.session_id for item in items if isinstance(item, Event) and item.type == "session_start"]
    assert sessions == ["ses_0a", EXPORT["info"]["id"]]
    assert [item.offset for item in items] == sorted(item.offset for item in items)


def test_a_database_without_sessions_says_so():
    (item,) = read(opencode_database.ADAPTER, rows_of(opencode_database.ADAPTER, database()))
    assert (item.offset, getattr(item, "reason", None)) == (0, "no_sessions")


def test_a_database_without_the_tables_is_refused():
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.text_factory = bytes
        connection.execute("CREATE TABLE session (id text)")
        with pytest.raises(ValueError, match="no table 'message'"):
            opencode_database.tables(connection)


@pytest.mark.parametrize(
    "data",
    ["", "[1]", "nonsense", "{" * 500, '{"a": NaN}', '{"text": "\\ud800"}', '{"n": 1e999}', "\x00", None, b"\xff"],
)
def test_a_row_that_cannot_be_read_stops_nothing(data):
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.text_factory = bytes
        connection.executescript(SCHEMA)
        connection.execute("INSERT INTO session (id, title) VALUES ('ses_1', 'one')")
        connection.execute("INSERT INTO message VALUES ('msg_1', 'ses_1', 1, ?)", (data,))
        connection.execute("INSERT INTO part VALUES ('prt_1', 'msg_1', 'ses_1', ?)", (data,))
        items = read(opencode_database.ADAPTER, opencode_database.tables(connection))
    assert not [item for item in items if isinstance(item, Reject)]
    assert [item.offset for item in items] == [0, 1, 2]


@pytest.mark.parametrize("own", [b"", b"[]", b"nonsense", b"{}", b'{"id": 7}', b'{"id": "../../etc"}'])
def test_a_file_that_names_no_session_is_refused(tmp_path, own):
    with pytest.raises(ValueError, match="names no session"):
        opencode_storage.document(own, Folder(tmp_path))


def test_a_record_names_the_file_of_its_session():
    part = b'{"id": "prt_0bTax1", "messageID": "msg_1", "sessionID": "ses_0bTax", "type": "text"}'
    assert opencode_storage.owner(part) == "session/*/ses_0bTax.json"
    assert opencode_storage.owner(b'{"id": "ses_0bTax", "projectID": "p"}') is None
    assert opencode_storage.owner(b'{"id": "prt_1111", "sessionID": "../../x"}') is None


@pytest.mark.parametrize("name", ["opencode_database", "opencode_storage"])
def test_no_other_fixture_is_claimed(name):
    others = [path for other in ADAPTERS if other != name for path in fixtures(other)]
    assert [path for path in others if ADAPTERS[name].detect(path.read_bytes()[:65_536])] == []


@pytest.mark.skipif(not LOGS.exists(), reason="the real session files are not at ../shared/logs")
def test_real_exports_give_the_same_events_from_a_database_and_from_files(tmp_path):
    paths = sorted(path for path in (LOGS / "opencode").rglob("ses_*.json") if "meta" not in path.name)
    assert len(paths) == 9
    for path in paths:
        export = json.loads(path.read_bytes())
        expected = known_by(read(opencode.ADAPTER, path.read_bytes()))
        rows = rows_of(opencode_database.ADAPTER, database(export))
        assert known_by(read(opencode_database.ADAPTER, rows)) == expected, path.name
        assert known_by(read(opencode_storage.ADAPTER, storage(tmp_path / path.stem, export))) == expected, path.name
