"""Files to committed rows, beside the limit of this machine in the same run: `python -m tests.benchmarks.ingest`.

The limit is a bare COPY of the same rows, as ready-made binary blocks, into the same table (both indexes) on one
connection. Ours reads, redacts, parses, deduplicates, and keeps sessions, calls and rollups.
"""

import argparse
import mmap
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psutil
import psycopg

from agentobs.ingest import backfill
from agentobs.ingest.worker import Progress
from agentobs.store import embedded, engine, migrate

ROOT = Path(__file__).parents[2]
_BLOCK = 1 << 18
TABLES = (
    "kinds, contexts, sources, agent_events, tool_calls, model_calls, agent_sessions, session_usage, session_files, "
    "session_lineage, rollup_events, rollup_usage, rollup_tools, batches, quarantine"
)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--events", type=int, default=300_000)
    arguments.add_argument("--big", type=int, default=0, help="records of one extra big file (900,000 are about 1 GB)")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        server = embedded.start(work / "database")
        with server, engine.connect(server.url) as connection:
            migrate.migrate(connection)
            for name, flags, records in (
                ("one file", ["--one-file"], options.events),
                ("many files", [], options.events),
                ("one big file", ["--one-file"], options.big),
            ):
                if records:
                    logs = generate(work / name.replace(" ", "-"), records, flags)
                    _measure(name, logs, server.url, connection)


def generate(folder: Path, records: int, flags: list[str]) -> Path:
    """Write sample sessions of about so many records into a folder."""
    command = [sys.executable, "data/make_samples.py", "--out", str(folder), "--events", str(records), *flags]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return folder


def _measure(name: str, logs: Path, url: str, connection: psycopg.Connection) -> None:
    connection.execute(f"TRUNCATE {TABLES}")  # pyright: ignore[reportArgumentType]
    plan = backfill.plan([logs])
    job = backfill.Job(url=url, redaction_key=b"benchmark" * 4)
    with _peak_memory() as peak:
        start = time.perf_counter()
        outcomes = list(backfill.run(job, plan.found, _ignore))
        ours = time.perf_counter() - start
    events = sum(outcome.stored for outcome in outcomes)
    size, total = _sizes(connection)
    with tempfile.TemporaryFile() as rows:
        _dump(connection, rows)
        connection.execute("TRUNCATE agent_events")
        bare = _bare_copy(connection, rows)
    sys.stdout.write(
        f"{name:12} {len(plan.found):6} files {plan.size_bytes / 1e6:6.0f} MB {events:8} events | "
        f"ours {events / ours:7.0f}/s | bare COPY {events / bare:7.0f}/s | ratio {bare / ours:.2f} | "
        f"peak PSS {peak[0] / 1e6:.0f} MB | agent_events {size / events:.0f} B/event, all "
        f"{total / events:.0f} B/event, {total / plan.size_bytes:.2f} of the files\n"
    )


def _ignore(_: Progress) -> None:
    pass


def _sizes(connection: psycopg.Connection) -> tuple[int, int]:
    row = connection.execute(
        "SELECT pg_total_relation_size('agent_events'), sum(pg_total_relation_size(oid))::bigint FROM pg_class "
        "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    ).fetchone()
    assert row is not None
    return row


def _dump(connection: psycopg.Connection, file: IO[bytes]) -> None:
    """Write the rows into a file: held here, they would be in the memory that the next run is measured by."""
    with connection.cursor() as cursor, cursor.copy("COPY agent_events TO STDOUT (FORMAT binary)") as copy:
        for data in copy:
            file.write(data)
    file.flush()


def _bare_copy(connection: psycopg.Connection, file: IO[bytes]) -> float:
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as rows, memoryview(rows) as view:
        start = time.perf_counter()
        with connection.cursor() as cursor, cursor.copy("COPY agent_events FROM STDIN (FORMAT binary)") as copy:
            for at in range(0, len(view), _BLOCK):
                with view[at : at + _BLOCK] as block:
                    copy.write(block)
        return time.perf_counter() - start


@contextmanager
def _peak_memory() -> Iterator[list[int]]:
    """The largest summed proportional set size of this process and its children, PostgreSQL left out."""
    peak, done = [0], threading.Event()

    def watch() -> None:
        me = psutil.Process()
        while not done.wait(0.2):
            total = 0
            for process in [me, *me.children(recursive=True)]:
                try:
                    if "postgres" not in process.name():
                        total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            peak[0] = max(peak[0], total)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


if __name__ == "__main__":
    main()
