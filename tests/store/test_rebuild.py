"""What is kept beside the events is what the events say, in whatever order and pieces they came."""

import re
import shutil
from pathlib import Path
from random import Random

import pytest

from agentobs.adapters.claude_code import ADAPTER
from agentobs.ingest import reading
from agentobs.ingest.worker import Worker
from agentobs.store import rebuild
from tests.faults.oracle import EQUATIONS, check_twice

SAMPLES = Path(__file__).parents[2] / "data" / "claude_code"
FIXTURES = Path(__file__).parents[1] / "fixtures" / "claude_code"
DERIVED = (
    "tool_calls", "model_calls", "agent_sessions", "session_files", "session_usage", "rollup_events", "rollup_usage",
    "rollup_tools",
)  # fmt: skip
EVENTS = (
    "SELECT (to_jsonb(e) - 'source_id' - 'batch_id' || jsonb_build_object('path', path))::text FROM agent_events e "
    "JOIN sources USING (source_id) ORDER BY 1"
)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Some samples and fixtures, and of one session a fork, a fork of the fork, a resumed file and a plain copy."""
    folder = tmp_path_factory.mktemp("logs")
    sources = sorted(SAMPLES.rglob("*.jsonl"), key=lambda path: path.stat().st_size)[:9] + sorted(
        FIXTURES.rglob("*.jsonl")
    )
    for number, path in enumerate(sources):
        shutil.copy(path, folder / f"{number:02}-{path.name}")
    lines = sources[6].read_bytes().splitlines(keepends=True)
    half, third = lines[: len(lines) // 2], lines[: len(lines) // 3]
    (folder / "copy.jsonl").write_bytes(b"".join(lines))
    (folder / "resumed.jsonl").write_bytes(b"".join(lines[len(lines) // 4 :]))
    (folder / "fork.jsonl").write_bytes(
        b"".join(_of_session(line, "11111111-0000-4000-8000-000000000001") for line in half)
    )
    (folder / "fork2.jsonl").write_bytes(
        b"".join(_of_session(line, "00000000-0000-4000-8000-000000000002") for line in third)
    )
    return sorted(folder.iterdir())


def _of_session(line: bytes, session: str) -> bytes:
    """The record as a fork copies it: byte for byte, but for the session."""
    return re.sub(rb'("sessionId":\s*")[^"]*', rb"\g<1>" + session.encode(), line)


def state(worker: Worker) -> dict[str, list[str]]:
    found = {
        name: [row for (row,) in worker.connection.execute(f"SELECT t::text FROM {name} t ORDER BY 1".encode())]
        for name in (*DERIVED, "contexts", "kinds")
    }
    found["agent_events"] = [row for (row,) in worker.connection.execute(EVENTS.encode())]
    lineage = "SELECT session_id || ' ' || parent_session_id FROM session_lineage ORDER BY 1"
    found["session_lineage"] = [row for (row,) in worker.connection.execute(lineage.encode())]
    found["counters"] = [
        row
        for (row,) in worker.connection.execute(
            b"SELECT concat_ws(' ', path, records, event_records, skipped, rejected, events, refused, expired, skips, "
            b"unknowns, redactions, physical) FROM sources ORDER BY 1"
        )
    ]
    return found


def read(
    url: str, logs: list[Path], order: list[int], pieces: int, monkeypatch: pytest.MonkeyPatch
) -> dict[str, list[str]]:
    """Two workers take turns; afterwards everything derived equals its rebuilt self. Return all of it."""
    monkeypatch.setattr(reading, "MOST_EVENTS", pieces)
    with Worker(url, None) as one, Worker(url, None) as other:
        for number, place in enumerate(order):
            outcome = (one, other)[number % 2].ingest(logs[place], ADAPTER)
            assert outcome.error is None
        check_twice(one.connection)
        assert one.connection.execute(EQUATIONS.encode()).fetchone() == (0,)
        conflicts = one.connection.execute("SELECT path, source_offset FROM quarantine JOIN sources USING (source_id) "
                                           "WHERE reason = 'id_conflict'").fetchall()  # fmt: skip
        assert conflicts == []  # of which the first would stay, whatever the order
        kept = state(one)
        assert rebuild.rebuild(one.connection, slice_rows=101) == len(kept["agent_events"])
        rebuilt = state(one)
    for name in DERIVED:
        assert kept[name] == rebuilt[name], f"{name} kept (left) and rebuilt (right)"
        assert kept[name], name
    return kept


@pytest.mark.faults
def test_what_is_kept_equals_what_is_rebuilt_in_any_order_and_in_pieces_of_any_size(
    database_url: str, logs: list[Path], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Two random orders, in pieces of seven events."""
    import psycopg
    from psycopg import conninfo, sql

    def another() -> str:
        """A second, empty database beside the first."""
        name = f"{conninfo.conninfo_to_dict(database_url)['dbname']}"
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(f"{name}_b")))
        return database_url.replace(name, f"{name}_b")

    second = another()
    try:
        orders = [Random(seed).sample(range(len(logs)), len(logs)) for seed in (1, 2)]
        first = read(database_url, logs, orders[0], 7, monkeypatch)
        other = read(second, logs, orders[1], 8_000 if "embedded" in request.node.name else 50, monkeypatch)
        for name, rows in first.items():
            differ = sorted({*rows} ^ {*other[name]})
            assert rows == other[name], f"{name} depends on the order or on the pieces: {differ[:4]}"
    finally:
        with psycopg.connect(database_url, autocommit=True) as connection:
            name = conninfo.conninfo_to_dict(second)["dbname"]
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(str(name))))
