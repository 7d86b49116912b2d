"""R11: bytes that JSON or the database refuses give a row that says so, or a reject; the lines around are stored."""

import json
import multiprocessing
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path

import psycopg
import pytest

from agentobs.adapters.claude_code import ADAPTER
from agentobs.ingest.worker import Worker
from agentobs.redaction import Redactor
from tests.faults.oracle import EQUATIONS

KEY = b"k" * 32
MOST_MEMORY = 512 << 20


def record(number: int, text: str = '"hello"', more: str = "") -> bytes:
    uuid = f"00000000-0000-4000-8000-{number:012}"
    return (
        f'{{"type":"user","uuid":"{uuid}","sessionId":"s","version":"2.0.0","timestamp":"2026-03-09T10:00:0{number}Z",'
        f'{more}"message":{{"role":"user","content":{text}}}}}'
    ).encode()


DEEP = "[" * 10_000 + "]" * 10_000
BAD: dict[str, bytes] = {
    "byte order mark": b"\xef\xbb\xbf" + record(5),
    "CRLF": record(5) + b"\r",
    "invalid UTF-8": record(5).replace(b"hello", b"he\xff\xfello"),
    "half a character": record(5).replace(b"hello", b"hell\xe2\x82"),
    "NUL": record(5).replace(b"hello", b"he\0llo"),
    "NUL escape": record(5, r'"he\u0000llo"'),
    "lone surrogate": record(5, r'"he\ud800llo"'),
    "surrogates the wrong way round": record(5, r'"\udc00\ud800"'),
    "control character": record(5).replace(b"hello", b"he\x01\tllo"),
    "NaN": record(5, more='"n":NaN,'),
    "infinity": record(5, more='"n":-Infinity,'),
    "1e400": record(5, more='"n":1e400,'),
    "1e131071": record(5, more='"n":1e131071,'),
    "2^64": record(5, more='"n":18446744073709551616,'),
    "an integer of 5,000 digits": record(5, more=f'"n":{"9" * 5000},'),
    "duplicate keys": record(5, more='"cwd":"/a","cwd":"/b",'),
    "a key of another type": record(5, more='"cwd":5,"gitBranch":[],'),
    "depth 10,000": record(5, DEEP),
    "depth 10,000 beside the message": record(5, more=f'"deep":{DEEP},'),
    "depth 10,000 and nothing else": DEEP.encode(),
    "never closed": b"[" * 10_000,
    "no JSON": b"Segmentation fault (core dumped)",
    "a string": b'"text"',
    "null": b"null",
    "a number": b"7",
    "line separators of Unicode": record(5, '"a\u2028b\u2029c\u0085d"'),
    "a string of 2 MB": record(5, json.dumps("x" * 2_000_000)),
    "only NULs": bytes(100),
}  # fmt: skip


@pytest.mark.parametrize("redactor", [None, Redactor(KEY)], ids=["plain", "redacted"])
def test_every_bad_line_is_a_row_or_a_reject_and_the_lines_around_it_are_stored(
    redactor: Redactor | None, database_url: str, tmp_path: Path
) -> None:
    """R11: each kind of bad line in a file of its own, between good ones."""
    paths = {name: tmp_path / f"{number}.jsonl" for number, name in enumerate(BAD)}
    for number, (name, path) in enumerate(paths.items()):
        lines = [record(n).replace(b'"s"', f'"session {number}"'.encode()) for n in range(4)]
        bad = BAD[name].replace(b'"s"', f'"session {number}"'.encode())
        path.write_bytes(b"\n".join([*lines[:2], bad, *lines[2:]]).replace(b"-4000-", b"-4%03d-" % number) + b"\n")
    with Worker(database_url, redactor) as worker:
        for path in paths.values():
            assert worker.ingest(path, ADAPTER).error is None
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert connection.execute(EQUATIONS.encode()).fetchone() == (0,)
        for name, path in paths.items():
            text = path.read_bytes()
            row = connection.execute(
                "SELECT source_id, records, position, skipped FROM sources WHERE path = %s", (str(path),)
            ).fetchone()
            assert row is not None
            assert row[1:3] == (text.count(b"\n"), len(text)), name
            offset = sum(len(line) + 1 for line in text.split(b"\n")[:2])
            good = connection.execute(
                "SELECT count(*) FROM agent_events WHERE source_id = %s AND source_offset <> %s", (row[0], offset)
            ).fetchone()
            assert good == (4,), name
            sanitised = connection.execute(
                "SELECT sanitised FROM events WHERE source_id = %s AND source_offset = %s", (row[0], offset)
            ).fetchall()
            rejected = connection.execute(
                "SELECT reason FROM quarantine WHERE source_id = %s AND source_offset = %s", (row[0], offset)
            ).fetchall()
            assert len(sanitised) + len(rejected) + row[3] >= 1, name
            if name in MUST_SAY_SO:
                assert rejected or all(flag for (flag,) in sanitised), f"{name} was changed and does not say so"


MUST_SAY_SO = {
    "invalid UTF-8", "half a character", "NUL", "NUL escape", "lone surrogate", "surrogates the wrong way round",
    "depth 10,000", "depth 10,000 and nothing else", "never closed", "no JSON", "only NULs",
}  # fmt: skip


def _peak_rss() -> int:
    """This process's own peak in bytes; what getrusage says may be its parent's, from before exec."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def read_in_a_process(url: str, path: str, reports: Connection) -> None:
    with Worker(url, Redactor(KEY)) as worker:
        outcome = worker.ingest(Path(path), ADAPTER)
    reports.send((outcome, _peak_rss()))


@pytest.mark.faults
def test_a_line_of_100_mb_goes_to_the_quarantine_in_bounded_memory(embedded_url: str, tmp_path: Path) -> None:
    """R11: read as a stream: its head, its length and its hash are kept; RSS stays below 512 MB."""
    path, huge = tmp_path / "session.jsonl", sha256()
    block = b"x" * (1 << 20)
    with path.open("wb") as file:
        file.write(record(1) + b"\n")
        start = file.tell()
        for piece in [b'{"type":"user","text":"', *[block] * 100, b'"}']:
            huge.update(piece)
            file.write(piece)
        size = file.tell() - start
        file.write(b"\n" + record(2) + b"\n")
    context = multiprocessing.get_context("spawn")
    reports, theirs = context.Pipe(duplex=False)
    process = context.Process(target=read_in_a_process, args=(embedded_url, str(path), theirs))
    process.start()
    assert reports.poll(120)
    outcome, most = reports.recv()
    process.join()
    assert (outcome.error, outcome.stored, outcome.rejected, outcome.records) == (None, 2, 1, 3)
    assert most <= MOST_MEMORY
    with psycopg.connect(embedded_url) as connection:
        row = connection.execute("SELECT source_offset, size_bytes, sha256, reason FROM quarantine").fetchone()
    assert row is not None
    assert row[:3] == (start, size, huge.hexdigest())
    assert str(size) in row[3]
