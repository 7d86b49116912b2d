"""R13: records of types and versions that nobody knows are stored as `unknown`, with themselves, and counted."""

import json
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from agentobs.adapters.claude_code import ADAPTER
from agentobs.ingest.worker import Worker
from agentobs.store import raw
from tests.faults.oracle import EQUATIONS, check_twice

SAMPLES = sorted((Path(__file__).parents[2] / "data" / "claude_code").rglob("*.jsonl"))
VERSION = "99.0.0"


def mutated(path: Path) -> tuple[list[bytes], Counter[str]]:
    """Every third record of a file as one of a type to come, and how often each (version, type) is in there."""
    lines, expected = [], Counter()
    for number, line in enumerate(path.read_bytes().splitlines()):
        record = json.loads(line)
        if number % 3 == 0 and "uuid" in record and "sessionId" in record:
            kind = f"{record['type']}-ng"
            record |= {"type": kind, "version": VERSION}
            expected[f"{VERSION} {kind}"] += 1
            lines.append(json.dumps(record).encode())
        else:
            lines.append(line)
    return lines, expected


@pytest.mark.parametrize("path", SAMPLES[:3], ids=lambda path: path.stem[:8])
def test_records_of_types_to_come_are_stored_as_unknown_and_counted(
    path: Path, database_url: str, tmp_path: Path
) -> None:
    """R13."""
    lines, expected = mutated(path)
    assert expected
    file = tmp_path / path.name
    file.write_bytes(b"\n".join(lines) + b"\n")
    with Worker(database_url, None) as worker:
        outcome = worker.ingest(file, ADAPTER)
    assert (outcome.error, outcome.records, outcome.rejected) == (None, len(lines), 0)
    with psycopg.connect(database_url, autocommit=True) as connection:
        row = connection.execute("SELECT unknowns FROM sources").fetchone()
        stored = connection.execute(
            "SELECT agent_version, native_type, raw FROM agent_events JOIN kinds USING (kind_id) "
            "JOIN contexts USING (context_id) WHERE type = 'unknown' AND agent_version = %s ORDER BY seq",
            (VERSION,),
        ).fetchall()
        check_twice(connection)
        assert connection.execute(EQUATIONS.encode()).fetchone() == (0,)
    assert row is not None
    assert {key: n for key, n in row[0].items() if key.startswith(VERSION)} == expected
    assert Counter(f"{version} {kind}" for version, kind, _ in stored) == expected
    changed = [line for line in lines if b'-ng"' in line]
    assert [json.loads(raw.decompress(blob)) for *_, blob in stored] == [json.loads(line) for line in changed]


def test_a_version_to_come_changes_nothing_about_records_that_we_know(embedded_url: str, tmp_path: Path) -> None:
    """R13: an unknown version of the agent alone is no reason to understand less."""
    path = SAMPLES[0]
    newer = tmp_path / path.name
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    newer.write_bytes(b"".join(json.dumps(line | {"version": VERSION}).encode() + b"\n" for line in lines))
    with Worker(embedded_url, None) as worker:
        worker.ingest(newer, ADAPTER)
    with psycopg.connect(embedded_url) as connection:
        row = connection.execute(
            "SELECT count(*) FILTER (WHERE type = 'unknown'), count(*), min(agent_version) FROM events"
        ).fetchone()
    assert row is not None
    assert (row[0], row[2]) == (0, VERSION)
    assert row[1] > len(lines) // 2
