"""Workers side by side, on files that share records and move the same rollup rows: nobody waits for ever."""

import threading
from pathlib import Path
from random import Random

import psycopg
import pytest

from agentobs.ingest import reading
from agentobs.ingest.worker import Worker
from agentobs.store import engine, raw, rebuild
from tests.faults import simple
from tests.faults.oracle import EQUATIONS, Oracle
from tests.faults.simple import line

DERIVED = ("tool_calls", "model_calls", "agent_sessions", "session_files", "session_usage", "rollup_events",
           "rollup_usage", "rollup_tools")  # fmt: skip
WORKERS, FILES, RECORDS = 4, 24, 60


def files(folder: Path, oracle: Oracle) -> list[Path]:
    """Each file holds records of its own and copies of others', in another order, under its own session."""
    random, found = Random(5), []
    for number in range(FILES):
        names = [f"{random.randrange(FILES // 3)}-{random.randrange(RECORDS)}" for _ in range(RECORDS)]
        names += [f"own{number}-{n}" for n in range(RECORDS // 3)]
        random.shuffle(names)
        path = folder / f"{number}.jsonl"
        lines = [_record(name, f"session{number}") for name in names]
        path.write_bytes(b"".join(one + b"\n" for one in lines))
        oracle.records += len(lines)
        found.append(path)
    return found


def _record(name: str, session: str) -> bytes:
    number = int(name.rpartition("-")[2])
    moment = f"2026-03-{9 + number % 3:02}T10:{number % 60:02}:00Z"
    kinds = [
        {},
        {"type": "llm_response", "use": {"input_tokens": 5, "output_tokens": number}, "key": f"m{number // 4}"},
        {"type": "command_execute", "call": f"call-of-more-than-20-{name}", "tool": "Bash"},
        {"type": "tool_result", "call": f"c{number // 2}", "status": "ok"},
    ]
    return line(name, session=session, ts=moment, **kinds[number % 4])


@pytest.mark.faults
def test_many_workers_never_deadlock_and_keep_what_one_would(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every worker reads every file, each in another order, in small batches; no error, nothing to try again."""
    monkeypatch.setattr(reading, "MOST_EVENTS", 9)
    unavailable: list[str] = []
    monkeypatch.setattr(engine, "DatabaseUnavailable", _noting(engine.DatabaseUnavailable, unavailable))
    oracle = Oracle()
    paths = files(tmp_path, oracle)
    failed: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            with Worker(database_url, None, retry_s=120) as worker:
                for path in Random(seed).sample(paths, len(paths)):
                    assert worker.ingest(path, simple.ADAPTER).error is None
        except BaseException as error:  # noqa: BLE001 the test's own thread shows it
            failed.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(150)
    assert not any(thread.is_alive() for thread in threads)
    assert (failed, unavailable) == ([], [])
    with psycopg.connect(database_url, autocommit=True) as connection:
        oracle.check_counters(connection)
        assert connection.execute(EQUATIONS.encode()).fetchone() == (0,)
        kept = _derived(connection)
        rebuild.rebuild(connection)
        assert _derived(connection) == kept


def test_threads_that_compress_at_once_give_what_one_would() -> None:
    """A worker parses in one thread and commits in another; both compress."""
    records = [line(f"{n}", text="x" * (n % 700)) for n in range(3_000)]
    found: dict[int, list[bytes]] = {}

    def work(number: int) -> None:
        compress = (raw.compress, raw.compressor("simple"), raw.compressor("claude_code"))[
            number % 3
        ]  # as a thread's own
        found[number] = [raw.decompress(compress(record)) for record in records]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found.keys() == set(range(6))
    assert all(one == records for one in found.values())


def _derived(connection: psycopg.Connection) -> dict[str, list[tuple[object, ...]]]:
    return {
        name: connection.execute(f"SELECT t::text FROM {name} t ORDER BY 1".encode()).fetchall() for name in DERIVED
    }


def _noting(kind: type[Exception], said: list[str]) -> type[Exception]:
    """The same error, but somebody writes down each of its kind: a deadlock is one that a worker would hide."""

    class Noted(kind):
        def __init__(self, text: str) -> None:
            super().__init__(text)
            said.append(text)

    return Noted
