"""Sessions in many files: read as one, again when one of them changes, and past no link."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import psycopg
import pytest

from agentobs.ingest import backfill, gathered, tail
from agentobs.ingest.discover import Found, PassedOver, discover
from agentobs.ingest.worker import Outcome, Worker
from tests.adapters.golden import FIXTURES
from tests.ingest.test_watch import following

KNOWN = backfill.adapters()
STORAGE = KNOWN["opencode_storage"]
SESSION = "session/p1/ses_0bShopTax000000000000000001.json"
PARTS = "part/msg_0bTax0002"


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """opencode's storage folder with the session of the fixture."""
    folder = tmp_path / "opencode" / "storage"
    ignored = shutil.ignore_patterns("*.golden.json")
    shutil.copytree(FIXTURES / "opencode_storage", folder, ignore=ignored)
    return folder


def add_part(storage: Path, name: str, said: str) -> Path:
    path = storage / PARTS / f"prt_0bTax{name}.json"
    part = {"id": path.stem, "type": "text", "text": said, "messageID": "msg_0bTax0002"}
    path.write_text(json.dumps({**part, "sessionID": "ses_0bShopTax000000000000000001"}))
    return path


def ingest(url: str, storage: Path) -> Outcome:
    with Worker(url, None, retry_s=0) as worker:
        return worker.ingest(storage / SESSION, STORAGE)


def document(storage: Path) -> dict:
    path = storage / SESSION
    with tail.open_regular(path) as file:
        assert STORAGE.gathering is not None
        return json.loads(gathered.document(file.fd, path, STORAGE.gathering))


def test_a_session_is_found_once_and_its_records_with_it(storage):
    found = list(discover(storage, KNOWN))
    assert [item.path.name for item in found if isinstance(item, Found)] == [Path(SESSION).name]
    passed_over = [item for item in found if isinstance(item, PassedOver)]
    assert {item.reason for item in passed_over} == {"a record that is read with its session"}
    assert len(passed_over) == 7
    (storage / SESSION).unlink()
    assert {item.reason for item in discover(storage, KNOWN)} == {"a record without its session"}


def test_a_new_record_is_read_though_the_file_of_its_session_stays_the_same(embedded_url, storage):
    assert ingest(embedded_url, storage).stored == 6
    assert ingest(embedded_url, storage).records == 0
    add_part(storage, "0009", "All is well.")
    again = ingest(embedded_url, storage)
    assert (again.events, again.stored) == (7, 1)


def test_a_session_moved_into_the_database_counts_once(embedded_url, storage):
    database = FIXTURES / "opencode_database" / "opencode.db"
    with Worker(embedded_url, None, retry_s=0) as worker:
        worker.ingest(storage / SESSION, STORAGE)
        moved = worker.ingest(database, KNOWN["opencode_database"])
    assert (moved.events, moved.stored, moved.conflicts) == (8, 2, 0)  # the subagent's session is new
    with psycopg.connect(embedded_url) as connection:
        turns = connection.execute("SELECT human_turns FROM agent_sessions ORDER BY session_id").fetchall()
        calls = connection.execute("SELECT output_tokens FROM model_calls").fetchall()
    assert (turns, calls) == ([(1,), (0,)], [(40,)])


def test_links_are_not_there(storage, tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text('{"id": "prt_0bSecret", "type": "text", "text": "secret"}')
    (storage / PARTS / "prt_0bTax0008.json").symlink_to(secret)
    elsewhere = tmp_path / "elsewhere"
    (storage / "part" / "msg_0bTax0001").rename(elsewhere)
    (storage / "part" / "msg_0bTax0001").symlink_to(elsewhere)
    first, second = document(storage)["messages"]
    assert first["parts"] == []
    assert [part["id"] for part in second["parts"]][:4] == [f"prt_0bTax000{number}" for number in (2, 3, 4, 5)]
    assert "secret" not in json.dumps(second["parts"])


@pytest.mark.parametrize("path", ["/etc/hostname", "../opencode.db", "part/../../x", ""])
def test_nothing_outside_the_folder_is_read(storage, path):
    (storage.parent / "opencode.db").write_text("x")
    (storage.parent / "x").write_text("x")
    with gathered._opened(storage) as fd:
        assert gathered._Files(fd).read(path) is None
        assert gathered._Files(fd).names(path) == []


def test_a_record_that_cannot_be_read_is_said_and_stops_nothing(storage):
    add_part(storage, "0009", "x").write_bytes(b"\x00 half a reco")
    (*_, last) = document(storage)["messages"][1]["parts"]
    assert last == {
        "unreadable": "no JSON document",
        "id": "prt_0bTax0009",
        "sessionID": "ses_0bShopTax000000000000000001",
        "messageID": "msg_0bTax0002",
    }


@pytest.mark.parametrize("polling", [False, True])
def test_a_follower_reads_a_session_when_a_record_comes(embedded_url, storage, polling):
    with following(embedded_url, storage, polling=polling) as running:
        assert running.next().stored == 6
        add_part(storage, "0009", "All is well.")
        outcome = running.next()
        assert (outcome.path, outcome.stored) == (str(storage / SESSION), 1)
