"""A rescan: the present rules on everything that is stored, in steps that an interruption does not undo."""

import json
import re
from pathlib import Path

import psycopg
import pytest

from agentobs.errors import DatabaseError
from agentobs.ingest import backfill, indexing
from agentobs.ingest.content import Keeper
from agentobs.ingest.worker import Worker
from agentobs.redaction import RULES, Redactor
from agentobs.settings import Content
from agentobs.store import capabilities, checkup, engine, migrate, raw, rescan
from agentobs.store.rescan_texts import Lost, lost_in, without

KEY = bytes(32)
SECRET = "AKIA" + "QWERTYUIOPASDFGH"
NEW = "2.new"
HARMLESS = set(
    "action actor adapter adapter_version address after agent agent_version annotation_id author basis "
    "call_key call_type checksum commit detector event_id event_ids finding_id head_hash inference_geo key_id "
    "label machine model name native_type outcome parent_session_id path physical place price_version "
    "provider reader reason recipe redactions request_id role role_name root_session_id rules_version scopes "
    "secret_hash service_tier session_id severity sha256 skips speed state status tail_hash target thread_id "
    "told_session tool_call_id tool_name ts_quality type unknowns usage_key variant wasted_event_ids zone".split()
)  # names, ids, hashes, counts; the path of a source is where it is read again
REDACTOR = Redactor(KEY, RULES)


def line(place: int, session: str, **more: object) -> str:
    return json.dumps({
        "uuid": f"00000000-0000-4000-8000-{place:012}", "sessionId": session, "version": "2.1.49", "isSidechain": False,
        "timestamp": f"2026-03-09T10:{place // 60:02}:{place % 60:02}.000Z", "cwd": "/shop", "gitBranch": "main",
        "userType": "external", **more,
    })  # fmt: skip


def records(session: str = "a", first: int = 0) -> list[str]:
    """A prompt, a title, a call and its result: the secret in each; then a prompt whose summary was cut inside it."""
    call = {"type": "tool_use", "id": "toolu_" + "1" * 20, "name": "Read", "input": {"file_path": f"/shop/{SECRET}.py"}}
    result = {"type": "tool_result", "tool_use_id": call["id"], "content": f"key {SECRET}"}
    usage = {"input_tokens": 7, "output_tokens": 3}
    answer = {"id": "msg_1", "role": "assistant", "model": "claude-haiku-4-5", "usage": usage, "content": [call]}
    cut = "x" * 280 + " " + SECRET + " and more of it"
    return [
        line(first, session, type="user", message={"role": "user", "content": f"use {SECRET}"}),
        line(first + 1, session, type="assistant", message=answer),
        line(first + 2, session, type="user", message={"role": "user", "content": [result]}),
        json.dumps({"type": "ai-title", "aiTitle": f"about {SECRET}", "sessionId": session}),
        line(first + 3, session, type="user", message={"role": "user", "content": cut}),
        '{"broken": "' + SECRET,
    ]


def ingest(url: str, path: Path, redactor: Redactor | None, version: str | None, content: Content = Content()) -> None:  # noqa: B008
    keeper = Keeper(content, KEY, redactor, version)
    with Worker(url, redactor, keeper=keeper) as worker:
        assert worker.ingest(path, backfill.adapters()["claude_code"]).error is None


@pytest.fixture
def unredacted(database_url: str, tmp_path: Path) -> str:
    """What was stored before there was a rule for it."""
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(records()) + "\n", encoding="utf-8")
    ingest(database_url, path, None, "1.old")
    return database_url


def scanned(url: str, content: Content = Content(), **options: object) -> rescan.Found:  # noqa: B008
    with engine.connect(url) as connection:
        return rescan.rescan(connection, REDACTOR, NEW, content, **options)  # pyright: ignore[reportArgumentType]


def older(url: str) -> int:
    with engine.connect(url) as connection:
        return rescan.older(connection, NEW)


def everything(url: str) -> str:
    """Every row of every table, with raw records opened."""
    with psycopg.connect(url) as connection:
        texts = []
        for (table,) in connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations'"
        ).fetchall():
            texts += [row[0] for row in connection.execute(f"SELECT (t.*)::text FROM {table} t".encode())]
        blobs = connection.execute(
            "SELECT raw FROM agent_events WHERE raw IS NOT NULL UNION ALL SELECT raw FROM quarantine"
        ).fetchall()
        memories = connection.execute("SELECT memory FROM sources").fetchall()
    texts += [raw.decompress(blob).decode() for (blob,) in blobs] + [
        memory.decode() for (memory,) in memories if memory
    ]
    return "\n".join(sorted(texts))


def test_before_it_the_secret_is_in_every_place(unredacted):
    assert everything(unredacted).count(SECRET) >= 10
    assert older(unredacted) > 0


def test_after_it_the_secret_is_nowhere_and_not_its_head_either(unredacted):
    assert indexing.index(unredacted) > 0
    assert SECRET.lower() in everything(unredacted), "words of the index are in lower case"
    found = scanned(unredacted)
    assert SECRET[:8].lower() not in everything(unredacted)
    assert indexing.index(unredacted) > 0
    text = everything(unredacted)
    assert SECRET[:8] not in text
    assert "«redacted:aws_access_key_id:" in text
    assert found.redactions == {"aws_access_key_id": 6}
    assert older(unredacted) == 0


def test_ids_digests_and_sums_stay_so_that_everything_adds_up_and_a_replay_brings_nothing(unredacted, tmp_path):
    keys = "SELECT ts, id, digest, seq, source_offset, part FROM agent_events ORDER BY ts, id"
    with psycopg.connect(unredacted) as connection:
        before = connection.execute(keys).fetchall()
    scanned(unredacted)
    with psycopg.connect(unredacted, autocommit=True) as connection:
        assert connection.execute(keys).fetchall() == before
        assert checkup.examine(connection).sound
        connection.execute("UPDATE sources SET position = 0, memory = NULL, tail_hash = NULL")
    ingest(unredacted, tmp_path / "a.jsonl", REDACTOR, NEW)
    with psycopg.connect(unredacted) as connection:
        assert connection.execute(keys).fetchall() == before
        assert connection.execute("SELECT sum(conflicts)::int FROM sources").fetchone() == (0,)
    assert SECRET not in everything(unredacted)


def test_what_was_kept_of_events_says_the_same_as_the_events(unredacted):
    scanned(unredacted)
    with psycopg.connect(unredacted) as connection:
        row = connection.execute(
            "SELECT objective = (SELECT summary FROM agent_events WHERE id = objective_id), "
            "target = (SELECT summary FROM agent_events WHERE id = event_id) FROM agent_sessions, tool_calls"
        ).fetchone()
        title = connection.execute("SELECT title FROM agent_sessions").fetchone()
    assert row == (True, True)
    assert title is not None
    assert re.fullmatch("about «redacted:aws_access_key_id:[0-9a-f]{8}»", title[0])


def test_a_part_that_stands_later_than_its_record_loses_a_cut_secret_too(unredacted):
    with psycopg.connect(unredacted) as connection:
        moved = connection.execute(
            "UPDATE agent_events SET raw = NULL, source_offset = 0 WHERE summary LIKE 'xxx%%' RETURNING summary"
        ).fetchall()
    assert [SECRET in text for (text,) in moved] == [False]
    assert SECRET[:8] in moved[0][0]
    scanned(unredacted, step=1)
    assert SECRET[:8] not in everything(unredacted)


def test_a_dry_run_counts_the_same_and_changes_nothing(unredacted):
    before = everything(unredacted)
    dry = scanned(unredacted, is_dry=True)
    assert everything(unredacted) == before
    wet = scanned(unredacted)
    assert (dry.rows, dry.changed["agent_events"], dry.redactions) == (
        wet.rows,
        wet.changed["agent_events"],
        wet.redactions,
    )


def test_an_interrupted_one_goes_on_where_it_was(unredacted):
    seen: list[str] = []

    def interrupt(progress: rescan.Progress) -> None:
        seen.append(progress.place)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scanned(unredacted, step=1, watch=interrupt)
    assert older(unredacted) > 0
    with psycopg.connect(unredacted) as connection:
        done = connection.execute("SELECT rows FROM redaction_rescans WHERE place = 'agent_events'").fetchone()
    rows: list[int] = []
    found = scanned(unredacted, step=1, watch=lambda progress: rows.append(progress.rows))
    assert done is not None
    assert rows[0] > done[0] > 0
    assert found.redactions == {"aws_access_key_id": 6}
    assert SECRET[:8] not in everything(unredacted)


def test_a_second_one_finds_nothing(unredacted):
    scanned(unredacted)
    again = scanned(unredacted)
    assert (again.changed.total(), again.redactions.total(), again.rows["agent_events"]) == (0, 0, 0)


def test_what_is_read_meanwhile_under_old_rules_stays_listed(unredacted, tmp_path):
    (tmp_path / "b.jsonl").write_text("\n".join(records("b", 100)) + "\n", encoding="utf-8")
    begun: list[str] = []

    def another(progress: rescan.Progress) -> None:
        if not begun:
            begun.append(progress.place)
            ingest(unredacted, tmp_path / "b.jsonl", None, "1.old")

    scanned(unredacted, step=1, watch=another)
    assert older(unredacted) > 0
    scanned(unredacted)
    assert older(unredacted) == 0
    assert SECRET not in everything(unredacted)


def test_a_project_that_keeps_everything_is_left_as_it_is(unredacted):
    found = scanned(unredacted, Content(projects={"/shop": "full"}))
    assert found.changed["agent_events"] == found.changed["tool_calls"] == found.changed["agent_sessions"] == 0
    with psycopg.connect(unredacted) as connection:
        assert connection.execute("SELECT objective FROM agent_sessions").fetchone() == (f"use {SECRET}",)


def test_two_at_once_are_refused(unredacted):
    def second(_: rescan.Progress) -> None:
        with pytest.raises(DatabaseError, match="another rescan of this database runs"):
            scanned(unredacted)

    scanned(unredacted, watch=second)


def test_erase_writes_changed_tables_anew_and_loses_nothing(unredacted):
    found = scanned(unredacted)
    before = everything(unredacted)
    files = "SELECT pg_relation_filenode(oid) FROM pg_class WHERE relkind = 'r' AND relname ~ %s"
    with engine.connect(unredacted) as connection:
        kind = "_hyper.*_chunk" if capabilities.find(connection).timescale != "none" else "^agent_events$"
        old = set(connection.execute(files, (kind,)).fetchall())
        rescan.erase(connection, found.changed)
        assert old
        assert old.isdisjoint(connection.execute(files, (kind,)).fetchall())
        assert checkup.examine(connection, NEW).sound
    assert everything(unredacted) == before


def test_every_column_of_text_is_either_redacted_anew_or_known_to_hold_none(embedded_url):
    """A table that keeps words of events belongs into rescan.TABLES; what holds none, into HARMLESS."""
    with engine.connect(embedded_url) as connection:
        migrate.migrate(connection)
        columns = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables "
            "USING (table_schema, table_name) WHERE table_schema = 'public' AND table_type = 'BASE TABLE' "
            "AND data_type IN ('text', 'jsonb', 'bytea', 'ARRAY')"
        ).fetchall()
    redacted = {(table.name, name) for table in rescan.TABLES for name in (*table.columns, *table.documents)}
    redacted |= {("agent_events", name) for name in ("summary", "file_path", "data", "tags", "raw")}
    redacted |= {(name, "project") for name in ("rollup_events", "rollup_usage", "rollup_tools")}
    redacted |= {(name, "project") for name in ("api_keys", "project_grants")}  # named by the owner, not by events
    assert {
        f"{table}.{name}" for table, name in columns if (table, name) not in redacted and name not in HARMLESS
    } == set()


@pytest.mark.parametrize(
    ("record", "clean", "expected"),
    [
        (b"a SECRETS b", "a «redacted:x:00000000» b", {"SECRETS"}),
        (b"SECRETS", "«redacted:x:00000000»", {"SECRETS"}),
        ("«redacted:x:00000000» SECRETS!".encode(), "«redacted:x:00000000» «redacted:x:00000001»!", {"SECRETS"}),
        (
            rb'{"a": "line\none\"two"}',
            '{"a": "«redacted:x:00000000»"}',
            {r"line\none\"two", 'line\none"two', 'line one"two'},
        ),
        (b"no secret", "no secret", set()),
    ],
)
def test_what_a_record_lost_is_known(record, clean, expected):
    assert {lost.secret for lost in lost_in(record, clean.encode())} == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a SECRETS b", "a MARK b"),
        ("a SECRETS b…", "a MARK b…"),
        ("a SECRET…", "a MARK"),
        ("a SEC…", "a SEC…"),
        ("a other…", "a other…"),
    ],
)
def test_a_text_loses_what_its_record_lost_even_where_it_was_cut(text, expected):
    counts = rescan.Counter()
    assert without(REDACTOR, text, [Lost("SECRETS", "MARK")], counts) == expected
    inside = without(REDACTOR, json.dumps({"k": [text]}), [Lost("SECRETS", "MARK")], counts, is_json=True)
    assert json.loads(inside or "") == {"k": [expected]}
