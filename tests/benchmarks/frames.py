"""One million events into a frame, beside pandas.read_sql in the same run: `python -m tests.benchmarks.frames`."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import sqlalchemy

import agentobs as ao
from agentobs.ingest import backfill
from agentobs.store import embedded, engine
from tests.benchmarks.ingest import generate

MULTIPLY = """
INSERT INTO agent_events ({columns})
SELECT {values} FROM agent_events e, generate_series(1, %s) AS copy
"""


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--events", type=int, default=1_000_000)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        logs = generate(home / "logs", 50_000, [])
        with embedded.start(home / "database") as server:
            plan = backfill.plan([logs])
            list(backfill.run(backfill.Job(url=server.url, redaction_key=b"b" * 32), plan.found, lambda _: None))
            _multiply(server.url, options.events)
            _measure(home, server.url)


def _multiply(url: str, events: int) -> None:
    """Copy the events with other ids and times until there are enough: reading does not care what they say."""
    with engine.connect(url) as connection:
        names = [row[0] for row in connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'agent_events'::regclass AND attnum > 0"
        )]  # fmt: skip
        (count,) = connection.execute("SELECT count(*) FROM agent_events").fetchone() or (1,)
        values = {"ts": "e.ts + copy * INTERVAL '7 minutes'", "id": "gen_random_uuid()"}
        query = MULTIPLY.format(columns=", ".join(names), values=", ".join(values.get(n, f"e.{n}") for n in names))
        connection.execute(query.encode(), (max(events // count - 1, 0),))
        connection.execute(
            "DELETE FROM agent_events WHERE ctid IN (SELECT ctid FROM agent_events OFFSET %s)", (events,)
        )
        connection.execute("VACUUM ANALYZE agent_events")


def _measure(home: Path, url: str) -> None:
    with ao.open(home=home) as wb:
        start = time.perf_counter()
        frame = wb.events()
        ours = time.perf_counter() - start
    columns = ", ".join(frame.columns)
    database = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    start = time.perf_counter()
    theirs_frame = pd.read_sql(f"SELECT {columns} FROM events", database)
    theirs = time.perf_counter() - start
    database.dispose()
    sys.stdout.write(
        f"{len(frame)} events, {len(frame.columns)} columns | ours {ours:.2f} s | pandas.read_sql {theirs:.2f} s "
        f"({len(theirs_frame)} rows) | {theirs / ours:.1f} times faster\n"
    )


if __name__ == "__main__":
    main()
