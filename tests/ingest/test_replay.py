"""R16: everything is read again from its start, and not one row is new."""

from pathlib import Path

import psycopg
import pytest

from agentobs.ingest import backfill
from agentobs.redaction import load_key
from agentobs.store import sources
from tests.faults import simple
from tests.faults.oracle import EQUATIONS, check_twice

SAMPLES = Path(__file__).parents[2] / "data" / "claude_code"
STAYS = "records, event_records, skipped, rejected, events, conflicts, refused, skips, unknowns, redactions, physical"


def tables(connection: psycopg.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, but for what a replay may say anew about a source."""
    names = connection.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname NOT IN ('sources', 'schema_migrations')"
    ).fetchall()
    found = {}
    for (name,) in names:
        found[name] = connection.execute(f'SELECT t::text FROM "{name}" t ORDER BY 1'.encode()).fetchall()
    found["sources"] = connection.execute(
        f"SELECT source_id, position, {STAYS} FROM sources ORDER BY 1".encode()
    ).fetchall()
    return found


def ingest(url: str, folder: Path, home: Path, known=None) -> None:
    job = backfill.Job(url=url, redaction_key=load_key(home / "key"))
    found = backfill.plan([folder], known).found
    assert found
    outcomes = list(backfill.run(job, found, lambda progress: None, processes=1))
    assert [outcome.error for outcome in outcomes if outcome.error] == []


@pytest.mark.parametrize("what", ["samples", "odd"])
def test_reading_everything_again_brings_not_one_new_row(what: str, database_url: str, tmp_path: Path) -> None:
    """R16: the samples; and copies, forks, rejects and conflicts."""
    folder, known = SAMPLES, None
    if what == "odd":
        folder, known = tmp_path / "logs", {"simple": simple.ADAPTER}
        folder.mkdir()
        a = [simple.line("x", n=1), simple.line("y", session="a", use={"input_tokens": 3}), b"no json", b""]
        b = [simple.line("y", session="b", use={"input_tokens": 3}), simple.line("x", n=2), simple.line("x", n=2)]
        for name, lines in {"a": a, "b": b, "copy": a}.items():
            (folder / f"{name}.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    ingest(database_url, folder, tmp_path, known)
    with psycopg.connect(database_url, autocommit=True) as connection:
        before = tables(connection)
        assert sources.rewind(connection) == len(before["sources"])
    ingest(database_url, folder, tmp_path, known)
    with psycopg.connect(database_url, autocommit=True) as connection:
        after = tables(connection)
        check_twice(connection)
        assert connection.execute(EQUATIONS.encode()).fetchone() == (0,)
        assert connection.execute("SELECT sum(stored) FROM sources").fetchone() == (0,)
    for name, rows in before.items():
        assert after[name] == rows, name
