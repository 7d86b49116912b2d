"""How fast a search is: p50, p95, p99 and max of mixed queries over documents made here, and what the index costs.

    python -m tests.benchmarks.bench_search [--documents 1000000]

Words follow Zipf's law, as those of texts do. The limit beside it: the goal of 200 ms at p95, with a million documents.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path

import psycopg

from agentobs.analysis.search import parse
from agentobs.store import embedded, engine, migrate, search

GOAL_MS = 200
_VOCABULARY = 200_000
_WORDS = (20, 60, 200)  # of a document: a command, a prompt, the head of an output
_DAYS = 90
_START_MS = 1_772_323_200_000  # 2026-03-01
_AGENTS = ("claude_code", "codex", "gemini_cli")


def main() -> None:
    """Fill an index, ask it, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=400)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, embedded.start(Path(home)) as server, engine.connect(server.url) as db:
        migrate.migrate(db)
        began = time.perf_counter()
        fill(db, asked.documents)
        took = time.perf_counter() - began
        say(f"{asked.documents:,} documents in {took:.0f} s: {asked.documents / took:,.0f} per second, one process")
        row = db.execute(
            "SELECT pg_size_pretty(pg_total_relation_size('search_documents')), "
            "pg_total_relation_size('search_documents') / greatest(count(*), 1) FROM search_documents"
        ).fetchone()
        assert row is not None
        say(f"index and documents: {row[0]}, {row[1]} bytes a document")
        db.execute("ANALYZE search_documents")
        everything: list[float] = []
        for name, queries in kinds(random.Random(5), asked.queries // 5).items():
            times = [timed(db, *query) for query in queries]
            everything += times
            told(name, times)
        told("all", everything)
        say(f"goal: p95 < {GOAL_MS} ms; ratio {quantile(everything, 95) / GOAL_MS:.2f}")


def fill(db: psycopg.Connection, documents: int) -> None:
    """Index documents of a time each, a thousand a transaction."""
    chance = random.Random(3)
    words = [f"w{number}" for number in range(_VOCABULARY)]
    weights = [1 / (rank + 3) for rank in range(_VOCABULARY)]
    pool = chance.choices(words, weights, k=2_000_000)
    work = search.Work(db, 0, 0, [], None, None)
    for start in range(0, documents, 1_000):
        batch = []
        for number in range(start, min(start + 1_000, documents)):
            ms = _START_MS + number * _DAYS * 86_400_000 // documents
            at = chance.randrange(len(pool) - 200)
            said = " ".join(pool[at : at + chance.choice(_WORDS)])
            marks = [
                search.mark("agent", chance.choice(_AGENTS)),
                search.mark("project", f"p{chance.randrange(50)}"),
                search.mark("session", f"s{number // 500}"),
            ]
            identity = uuid.UUID(int=(ms << 80) | (0x8 << 76) | (0x2 << 62) | chance.getrandbits(62))
            moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms / 1000)) + f".{ms % 1000:03}Z"
            batch.append(search.Document(identity, moment, None, said, search.SEPARATOR.join(marks)))
        with db.transaction():
            work.add(batch)


Asked = tuple[str, dict[str, list[str] | None], dict[str, str | None]]


def kinds(chance: random.Random, each: int) -> dict[str, list[Asked]]:
    """Queries by kind: what is in most documents, in few, together, in one project, in one week."""
    none: dict[str, str | None] = {"since": None, "until": None, "at": None, "id": None}

    def word(least: int, most: int) -> str:
        return f"w{chance.randrange(least, most)}"

    def week() -> dict[str, str | None]:
        day = chance.randrange(_DAYS - 7)
        stamps = [time.strftime("%Y-%m-%d", time.gmtime(_START_MS / 1000 + 86_400 * d)) for d in (day, day + 7)]
        return {**none, "since": stamps[0], "until": stamps[1]}

    return {
        "a common word": [(word(0, 100), {}, none) for _ in range(each)],
        "a rare word": [(word(5_000, _VOCABULARY), {}, none) for _ in range(each)],
        "two words": [(f"{word(0, 1_000)} {word(100, 20_000)}", {}, none) for _ in range(each)],
        "a common word in one project": [
            (word(0, 100), {"project": [f"p{chance.randrange(50)}"]}, none) for _ in range(each)
        ],
        "a word of the middle in one week": [(word(20, 5_000), {}, week()) for _ in range(each)],
    }


def timed(
    db: psycopg.Connection, text: str, marks: dict[str, list[str] | None], values: dict[str, str | None]
) -> float:
    """Milliseconds of one search for the first 50 hits."""
    query = parse(text).text
    began = time.perf_counter()
    search.hits(db, query, marks, values, 51, timeout_ms=60_000)
    return (time.perf_counter() - began) * 1_000


def told(name: str, times: list[float]) -> None:
    """Print the quantiles of one kind."""
    shown = "  ".join(f"p{q} {quantile(times, q):6.0f}" for q in (50, 95, 99))
    say(f"{name:<34} {len(times):>4} searches, ms: {shown}  max {max(times):6.0f}")


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def quantile(times: list[float], q: int) -> float:
    """The q-th percentile."""
    return statistics.quantiles(times, n=100, method="inclusive")[q - 1]


if __name__ == "__main__":
    main()
