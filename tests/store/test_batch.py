"""One commit stores a batch, moves what is derived from it and its source; or nothing of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from agentobs.errors import DatabaseUnavailable, FenceError
from agentobs.ingest import reading
from agentobs.ingest.worker import Worker
from agentobs.store import raw, rebuild, writer
from tests.faults import simple
from tests.faults.oracle import EQUATIONS, Oracle, check_twice
from tests.faults.simple import line

DERIVED = (
    "tool_calls", "model_calls", "agent_sessions", "session_files", "session_usage", "rollup_events", "rollup_usage",
    "rollup_tools",
)  # fmt: skip


@pytest.fixture
def worker(database_url: str) -> Iterator[Worker]:
    with Worker(database_url, None, retry_s=0) as one:
        yield one


def write(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def ask(worker: Worker, query: str, *values: object) -> list[tuple[Any, ...]]:
    return worker.connection.execute(query.encode(), values).fetchall()


def derived(worker: Worker) -> dict[str, list[str]]:
    return {name: [row for (row,) in ask(worker, f"SELECT t::text FROM {name} t ORDER BY 1")] for name in DERIVED}


def assert_rebuilt(worker: Worker, slice_rows: int = 3) -> None:
    """What is kept is what the events say."""
    kept = derived(worker)
    rebuild.rebuild(worker.connection, slice_rows=slice_rows)
    for name, rows in derived(worker).items():
        assert kept[name] == rows, name


class TestFence:
    """Exactly one worker moves a source from where it is."""

    def batches(self, worker: Worker, path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        """The batches of a file, not committed."""
        caught: list[Any] = []

        def catch(connection: psycopg.Connection, batch: Any) -> None:
            caught.append(batch)
            raise DatabaseUnavailable("caught")

        with monkeypatch.context() as patch:
            patch.setattr(writer, "commit_batch", catch)
            with pytest.raises(DatabaseUnavailable, match="caught"):
                worker.ingest(path, simple.ADAPTER)
        return caught

    def test_the_same_batch_is_taken_once(
        self, worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (batch,) = self.batches(worker, write(tmp_path / "a.jsonl", line("1"), line("2")), monkeypatch)
        (committed,) = writer.commit_batch(worker.connection, batch).values()
        assert (committed.stored, committed.copies) == (2, 0)
        before = ask(worker, "SELECT s::text FROM sources s"), derived(worker)
        with pytest.raises(FenceError):
            writer.commit_batch(worker.connection, batch)
        assert (ask(worker, "SELECT s::text FROM sources s"), derived(worker)) == before

    @pytest.mark.parametrize("moved", ["generation = 7", "content_version = 7", "position = 3", "state = 'replaced'"])
    def test_a_source_that_is_otherwise_than_the_batch_began_is_not_moved(
        self, moved: str, worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (batch,) = self.batches(worker, write(tmp_path / "a.jsonl", line("1")), monkeypatch)
        worker.connection.execute(f"UPDATE sources SET {moved}".encode())
        with pytest.raises(FenceError):
            writer.commit_batch(worker.connection, batch)
        assert ask(worker, "SELECT count(*) FROM agent_events") == [(0,)]
        assert ask(worker, "SELECT count(*) FROM contexts") == [(0,)]

    def test_one_source_of_many_that_moved_takes_all_back(
        self, worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        files = [(write(tmp_path / f"{n}.jsonl", line(str(n))), simple.ADAPTER) for n in range(3)]
        right, tries = writer.commit_batch, 0

        def commit_batch(connection: psycopg.Connection, batch: Any) -> Any:
            nonlocal tries
            tries += 1
            if tries == 1:
                connection.execute("UPDATE sources SET content_version = 1 WHERE path LIKE '%1.jsonl'")
                with pytest.raises(FenceError):
                    right(connection, batch)
                assert ask(worker, "SELECT count(*) FROM agent_events") == [(0,)]
                raise FenceError("as it was")
            return right(connection, batch)

        monkeypatch.setattr(writer, "commit_batch", commit_batch)
        worker._retry_s = 60
        assert [outcome.stored for outcome in worker.ingest_all(files)] == [1, 1, 1]
        assert tries == 2


POISON = {
    "a trigger": """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF new.summary = 'poison' THEN RAISE EXCEPTION 'not this one'; END IF; RETURN new; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON agent_events FOR EACH ROW EXECUTE FUNCTION refuse()""",
    "a constraint": "ALTER TABLE agent_events ADD CONSTRAINT fine CHECK (summary <> 'poison')",
}


@pytest.mark.parametrize("place", [0, 3_210, 4_999])
@pytest.mark.parametrize("refusal", POISON)
def test_one_poisonous_row_among_5000_is_quarantined_and_the_others_are_stored(
    refusal: str, place: int, worker: Worker, database_url: str, tmp_path: Path
) -> None:
    """R12: 4,999 stored, 1 in the quarantine with its reason, in one transaction, and the offset moved."""
    oracle, lines = Oracle(), [line(f"e{n}", n=n) for n in range(5_000)]
    lines[place] = line("poison", n=place)
    for one in lines:
        oracle.issue(one)
    worker.connection.execute(POISON[refusal].encode())
    path = write(tmp_path / "a.jsonl", *lines)
    outcome = worker.ingest(path, simple.ADAPTER)
    assert (outcome.error, outcome.stored, outcome.rejected) == (None, 4_999, 1)
    assert ask(worker, "SELECT count(*), count(DISTINCT batch_id) FROM agent_events") == [(4_999, 1)]
    assert ask(worker, "SELECT count(*), max(events) FROM batches") == [(1, 4_999)]
    ((offset, reason, blob),) = ask(worker, "SELECT source_offset, reason, raw FROM quarantine")
    assert offset == sum(len(one) + 1 for one in lines[:place])
    assert reason.startswith("refused by the database (")
    assert raw.decompress(blob) == lines[place]
    assert ask(worker, "SELECT position, refused FROM sources") == [(path.stat().st_size, 1)]
    xmin = (
        "SELECT (SELECT xmin::text FROM sources) = (SELECT xmin::text FROM batches), (SELECT count(*) FROM quarantine)"
    )
    assert ask(worker, xmin) == [(True, 1)]
    assert_rebuilt(worker, slice_rows=2_000)
    oracle.accept(*oracle.issued)
    oracle.check(database_url, tmp_path)


def test_copies_of_one_new_event_on_both_sides_of_a_poisonous_row_have_one_owner(
    worker: Worker, tmp_path: Path
) -> None:
    """R12: halving a batch must not change what its copies become."""
    worker.connection.execute(POISON["a constraint"].encode())
    write(tmp_path / "a.jsonl", line("x", session="b"), line("poison"), line("x", session="a"), line("y", session="b"))
    outcome = worker.ingest(tmp_path / "a.jsonl", simple.ADAPTER)
    assert (outcome.stored, outcome.copies, outcome.rejected) == (2, 1, 1)
    assert ask(worker, "SELECT session_id, summary FROM agent_events ORDER BY summary") == [("a", "x"), ("b", "y")]
    assert_rebuilt(worker)


def test_another_payload_under_the_same_id_is_a_conflict(worker: Worker, tmp_path: Path) -> None:
    first, second = line("x", text="one"), line("x", text="two")
    worker.ingest(write(tmp_path / "a.jsonl", first), simple.ADAPTER)
    outcome = worker.ingest(write(tmp_path / "b.jsonl", line("y"), second, first), simple.ADAPTER)
    assert (outcome.stored, outcome.conflicts, outcome.copies, outcome.rejected) == (1, 1, 1, 1)
    ((reason, offset, blob),) = ask(worker, "SELECT reason, source_offset, raw FROM quarantine")
    assert (reason, offset, raw.decompress(blob)) == ("id_conflict", len(line("y")) + 1, second)
    assert ask(worker, EQUATIONS) == [(0,)]
    assert_rebuilt(worker)


def test_copies_are_counted_and_stored_once(worker: Worker, tmp_path: Path) -> None:
    lines = [line(str(n), use={"input_tokens": 5}, key=f"k{n}") for n in range(4)]
    worker.ingest(write(tmp_path / "a.jsonl", *lines), simple.ADAPTER)
    outcome = worker.ingest(write(tmp_path / "b.jsonl", *lines, line("new")), simple.ADAPTER)
    assert (outcome.stored, outcome.copies) == (1, 4)
    assert ask(worker, "SELECT sum(input_tokens) FROM rollup_usage") == [(20,)]
    assert ask(worker, "SELECT path ~ 'b.jsonl', events, stored, copies FROM sources ORDER BY 1") == [
        (False, 4, 4, 0),
        (True, 5, 1, 4),
    ]
    assert_rebuilt(worker)


def test_the_owner_takes_over_and_takes_everything_along(worker: Worker, tmp_path: Path) -> None:
    """The file that began first owns what two share: its session gets the calls, the tokens and the rollup rows."""
    shared = [
        ("call", {"type": "command_execute", "call": "c1", "tool": "Bash"}),
        ("result", {"type": "tool_result", "call": "c1", "status": "error"}),
        ("edit", {"type": "file_write", "call": "c2", "tool": "Write", "path": "/w/x", "added": 3}),
        ("answer", {"type": "llm_response", "role": "assistant", "use": {"input_tokens": 7, "output_tokens": 2}}),
    ]
    cwd = {"late": "/late", "early": "/early"}

    def lines(session: str) -> list[bytes]:
        return [line(name, session=session, cwd=cwd[session], **fields) for name, fields in shared]

    write(tmp_path / "late.jsonl", *lines("late"), line("own", session="late", cwd="/late"))
    before = line("first", session="early", ts="2026-03-09T09:00:00Z", cwd="/early")
    write(tmp_path / "early.jsonl", before, *lines("early"))
    worker.ingest(tmp_path / "late.jsonl", simple.ADAPTER)
    assert ask(worker, "SELECT session_id, tool_calls, tool_errors FROM agent_sessions") == [("late", 2, 1)]
    outcome = worker.ingest(tmp_path / "early.jsonl", simple.ADAPTER)
    assert (outcome.stored, outcome.copies) == (1, 4)
    assert ask(worker, "SELECT session_id, events, tool_calls, tool_errors, edits FROM agent_sessions ORDER BY 1") == [
        ("early", 5, 2, 1, 1),
        ("late", 1, 0, 0, 0),
    ]
    assert ask(worker, "SELECT DISTINCT session_id FROM tool_calls") == [("early",)]
    assert ask(worker, "SELECT session_id, input_tokens FROM model_calls") == [("early", 7)]
    assert ask(worker, "SELECT session_id, input_tokens FROM session_usage") == [("early", 7)]
    assert ask(worker, "SELECT project, input_tokens FROM rollup_usage") == [("/early", 7)]
    assert ask(worker, "SELECT project, sum(events) FROM rollup_events GROUP BY 1 ORDER BY 1") == [
        ("/early", 5),
        ("/late", 1),
    ]
    assert ask(worker, "SELECT DISTINCT project FROM rollup_tools") == [("/early",)]
    assert ask(worker, "SELECT session_id, parent_session_id FROM session_lineage") == [("late", "early")]
    assert_rebuilt(worker)
    check_twice(worker.connection)


def test_events_share_their_contexts_and_kinds(worker: Worker, tmp_path: Path) -> None:
    lines = [line(f"{n}", session=f"s{n % 2}", type="file_read" if n % 3 else "file_write") for n in range(60)]
    worker.ingest(write(tmp_path / "a.jsonl", *lines[:30]), simple.ADAPTER)
    worker.ingest(write(tmp_path / "b.jsonl", *lines[20:]), simple.ADAPTER)
    assert ask(worker, "SELECT count(*) FROM contexts") == [(2,)]
    assert ask(worker, "SELECT type, count(*) FROM kinds GROUP BY 1 ORDER BY 1") == [
        ("file_read", 1),
        ("file_write", 1),
    ]
    missing = (
        "SELECT count(*) FROM agent_events e LEFT JOIN contexts USING (context_id) LEFT JOIN kinds k USING (kind_id) "
        "WHERE agent IS NULL OR k.type IS NULL"
    )
    assert ask(worker, missing) == [(0,)]


def test_positions_follow_commits(
    worker: Worker, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Places in the stream are dense and in the order of commits, whoever took a number first."""
    monkeypatch.setattr(reading, "MOST_EVENTS", 5)
    with Worker(database_url, None) as other:
        _ = other.connection, worker.connection  # `other` takes the smaller numbers
        worker.ingest(write(tmp_path / "a.jsonl", *(line(f"a{n}") for n in range(17))), simple.ADAPTER)
        other.ingest(write(tmp_path / "b.jsonl", *(line(f"b{n}") for n in range(9))), simple.ADAPTER)
        worker.ingest(write(tmp_path / "c.jsonl", line("a1", session="z")), simple.ADAPTER)  # nothing new: no place
    rows = ask(worker, "SELECT position, events FROM batches ORDER BY committed_at, position")
    assert rows == [(1, 5), (2, 5), (3, 5), (4, 2), (5, 5), (6, 4)]
    first = ask(worker, "SELECT left(summary, 1), count(*) FROM agent_events JOIN batches b USING (batch_id) "
                        "WHERE position <= 4 GROUP BY 1")  # fmt: skip
    assert first == [("a", 17)]


def test_what_was_redacted_is_counted_once_however_the_file_is_cut(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agentobs.redaction import Redactor

    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    write(tmp_path / "a.jsonl", *(line(str(n), text=secret if n % 2 else "none") for n in range(10)))
    monkeypatch.setattr(reading, "MOST_EVENTS", 3)
    right, commits = writer.commit_batch, 0

    def commit_batch(connection: psycopg.Connection, batch: Any) -> Any:
        nonlocal commits
        commits += 1
        if commits == 3:
            raise FenceError("start over in the middle")
        return right(connection, batch)

    monkeypatch.setattr(writer, "commit_batch", commit_batch)
    with Worker(database_url, Redactor(b"k" * 32)) as worker:
        outcome = worker.ingest(tmp_path / "a.jsonl", simple.ADAPTER)
        assert outcome.stored == 10
        ((counts, texts),) = ask(
            worker, "SELECT (SELECT redactions FROM sources), (SELECT json_agg(summary) FROM agent_events)"
        )
    assert sum(counts.values()) == 5
    assert secret not in json.dumps(texts)
