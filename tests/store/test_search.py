"""The full-text index: behind the stream, each event once, gone with what was dropped or redacted."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from agentobs.errors import SettingsError
from agentobs.ingest import indexing
from agentobs.settings import Settings
from agentobs.store import engine, retention, search
from agentobs.workbench import Workbench
from agentobs.workbench.database import Database
from tests.server.following import Following, following


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Following]:
    with following(database_url, tmp_path / "spool") as running:
        yield running


@pytest.fixture
def wb(server: Following, tmp_path: Path) -> Iterator[Workbench]:
    with Workbench(Database(server.database, Settings(home=tmp_path))) as opened:
        yield opened


def ran(name: str, text: str, minute: int, **fields: Any) -> dict[str, Any]:
    known = {"id": name, "timestamp": f"2026-03-09T14:{minute:02}:00Z", "type": "command_execute", "agentId": "mine",
             "sessionId": "s1", "projectId": "/srv/shop", "context": {"summary": text}}  # fmt: skip
    return {**known, **fields}


def found(wb: Workbench, text: str, **filters: Any) -> list[str]:
    return [snippet.replace("«", "").replace("»", "") for snippet in wb.search(text, **filters)["snippet"]]


def test_what_is_stored_waits_for_the_index_and_says_so(server: Following, wb: Workbench) -> None:
    server.store(ran("a", "ls cart", 1), ran("b", "rm cart", 2))
    hits = wb.search("cart")
    assert (len(hits), hits.attrs["unindexed_events"]) == (0, 2)
    assert wb.sql("SELECT * FROM index_lags").to_dict("records") == [{"name": "search", "batches": 1, "events": 2}]
    assert indexing.index(server.database) == 2
    assert found(wb, "cart") == ["rm cart", "ls cart"]
    assert wb.search("cart").attrs["unindexed_events"] == 0
    server.store(ran("c", "mv cart", 3))
    assert indexing.index(server.database) == 1
    assert found(wb, "cart") == ["mv cart", "rm cart", "ls cart"]


def test_filters_choose_by_marks_whatever_characters_they_have(server: Following, wb: Workbench) -> None:
    odd = r"/srv/o'hara\x & | ! (:*)"
    server.store(
        ran("a", "ls cart", 1),
        ran("b", "ls cart", 2, sessionId="s'2", projectId=odd),
        ran("c", "cart broke", 3, type="error_encountered", severity="error"),
    )
    indexing.index(server.database)
    assert wb.search("cart", project=odd)["session_id"].tolist() == ["s'2"]
    assert wb.search("cart", session=["s'2", "nobody"])["session_id"].tolist() == ["s'2"]
    assert found(wb, "cart", errors=True) == ["cart broke"]
    assert found(wb, "cart", type="error_encountered") == ["cart broke"]
    assert found(wb, "cart", project=[]) == []
    assert found(wb, "cart", since="2026-03-09T14:02", until="2026-03-09T14:03") == ["ls cart"]
    assert found(wb, "agent or project or mine") == [], "what a document is chosen by is none of its words"
    with pytest.raises(SettingsError, match="not filtered by model"):
        wb.search("cart", model="x")


def test_hits_come_page_by_page_each_once(server: Following, wb: Workbench) -> None:
    server.store(*(ran(f"e{n}", f"ls cart {n}", n % 5) for n in range(23)))
    indexing.index(server.database)
    seen, after = [], None
    for _ in range(10):
        page = wb.search("cart", limit=5, after=after)
        seen += page["event_id"].tolist()
        after = page.attrs["next"]
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 23
    assert seen == wb.search("cart", limit=100)["event_id"].tolist()


def test_a_rare_word_is_found_behind_many_newer_documents(server: Following, wb: Workbench) -> None:
    server.store(ran("old", "the xyzzy cave", 0))
    many = [ran(f"e{n}", f"ls cart {n}", 1 + n % 50) for n in range(search._LOOK + 10)]
    server.store(*many)
    indexing.index(server.database)
    assert found(wb, "xyzzy") == ["the xyzzy cave"]


def test_what_fails_in_the_middle_is_not_indexed_and_not_skipped(
    server: Following, wb: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.store(ran("a", "ls cart", 1))
    with monkeypatch.context() as broken, engine.connect(server.database) as connection:
        broken.setattr(search.Work, "add", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            indexing.Indexer(connection).step()
    assert search_lag(server.database) == (1, 1)
    indexing.index(server.database)
    assert found(wb, "cart") == ["ls cart"]


def test_two_indexers_at_once_index_everything_once(server: Following, wb: Workbench) -> None:
    for n in range(20):
        server.store(*(ran(f"e{n}-{k}", f"ls cart {n} {k}", n) for k in range(5)))
    threads = [threading.Thread(target=indexing.index, args=(server.database,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert search_lag(server.database) == (0, 0)
    assert len(wb.search("cart", limit=1000)) == 100


def test_dropped_events_are_not_found_any_more(server: Following, wb: Workbench) -> None:
    server.store(ran("a", "ls cart", 1), ran("b", "rm cart", 30))
    indexing.index(server.database)
    with engine.connect(server.database) as connection:
        assert retention.prune(connection, datetime(2026, 3, 9, 14, 10, tzinfo=UTC)) == 1
        assert connection.execute("SELECT count(*) FROM search_documents").fetchone() == (1,)
    assert found(wb, "cart") == ["rm cart"]


@pytest.mark.usefixtures("wb")
def test_a_search_that_takes_too_long_is_told_so(server: Following) -> None:
    with engine.connect(server.database) as holder, engine.connect(server.database) as connection:
        with holder.transaction():
            holder.execute("LOCK TABLE search_documents IN ACCESS EXCLUSIVE MODE")
            values = {"since": None, "until": None, "at": None, "id": None}
            with pytest.raises(SettingsError, match=r"longer than 0\.1 s"):
                search.hits(connection, "cart", {}, values, 10, timeout_ms=100)
        assert search.hits(connection, "cart", {}, values, 10, timeout_ms=10_000) == []


@pytest.mark.usefixtures("wb")
def test_the_config_knows_stems_and_no_stop_words(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT to_tsvector('agentobs', 'not the errors 12e e4b2 größe')::text").fetchone()
    assert row is not None
    assert {word.split(":")[0] for word in row[0].split()} >= {"'not'", "'the'", "'error'", "'größe'"}


def search_lag(url: str) -> tuple[int, int]:
    with engine.connect(url) as connection:
        return search.lag(connection)


def test_the_index_rests_while_much_is_to_be_stored_and_goes_on_after(server: Following, wb: Workbench) -> None:
    busy, ended, rests = threading.Event(), threading.Event(), threading.Event()
    busy.set()

    def is_busy() -> bool:
        rests.set()
        return busy.is_set()

    connect = partial(engine.connect, server.database)
    thread = threading.Thread(target=indexing.follow, args=(connect, (), ended, print, is_busy))
    server.store(ran("a", "ls cart", 1))
    thread.start()
    try:
        assert rests.wait(30)
        assert search_lag(server.database) == (0, 0), "a step is made before each rest"
        server.store(ran("b", "rm cart", 2))
        assert search_lag(server.database) == (1, 1)
        busy.clear()
        deadline = time.monotonic() + 30
        while search_lag(server.database) != (0, 0):
            assert time.monotonic() < deadline, "it does not go on"
            time.sleep(0.05)
    finally:
        ended.set()
        thread.join()
    assert found(wb, "cart") == ["rm cart", "ls cart"]
