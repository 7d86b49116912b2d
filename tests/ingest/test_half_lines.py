"""R9: half a line at the end of a file is not read until its newline is there, wherever the line is cut."""

from pathlib import Path

import psycopg
import pytest

from agentobs.ingest import tail
from agentobs.ingest.worker import Worker
from tests.faults import simple
from tests.faults.oracle import Oracle

RECORDS = [simple.line("a"), simple.line("b", text="ü €"), b"", simple.line("c", text="{}")]
ENDS = [b"\n", b"\r\n"]


def counted(url: str) -> tuple[int, int, int]:
    """(records, events, position) of the only source."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT records, stored, position FROM sources").fetchone()
    return row or (0, 0, 0)  # pyright: ignore[reportReturnType]


@pytest.mark.parametrize("end", ENDS)
def test_nothing_of_half_a_line_is_read_before_its_newline(end: bytes, database_url: str, tmp_path: Path) -> None:
    """R9: the file grows byte by byte; only whole lines count, and the position stays at the end of the last one."""
    path, text = tmp_path / "session.jsonl", end.join([*RECORDS, b""])
    oracle = Oracle()
    for record in RECORDS:
        if record:
            oracle.issue(record + end[:-1])
    with Worker(database_url, None) as worker, path.open("wb", buffering=0) as file:
        for size in range(1, len(text) + 1):
            file.write(text[size - 1 : size])
            outcome = worker.ingest(path, simple.ADAPTER, final=False)
            assert outcome.error is None
            assert outcome.records == (text[size - 1 : size] == b"\n")
            whole = text[:size].rfind(b"\n") + 1
            assert size < len(text) or counted(database_url) == (text[:size].count(b"\n"), 3, whole)
    oracle.records += 1  # the blank line
    oracle.accept(*oracle.issued)
    oracle.check(database_url, tmp_path)


@pytest.mark.parametrize("end", ENDS)
def test_a_last_line_without_newline_is_read_if_it_is_whole_and_its_newline_is_no_record(
    end: bytes, embedded_url: str, tmp_path: Path
) -> None:
    """R9: a file that is read to its end (final) after every byte gives what it gives when read once."""
    path, text = tmp_path / "session.jsonl", end.join([RECORDS[0], RECORDS[1], RECORDS[3], b""])
    oracle = Oracle()
    with Worker(embedded_url, None) as worker, path.open("wb", buffering=0) as file:
        for size in range(1, len(text) + 1):
            file.write(text[size - 1 : size])
            outcome = worker.ingest(path, simple.ADAPTER, final=True)
            whole = text[:size].removesuffix(end)[-1:] == b"}" and _is_end(text, size, end)
            assert outcome.records == whole, (size, text[:size][-20:])
    assert counted(embedded_url) == (3, 3, len(text))
    oracle.records = 3
    with psycopg.connect(embedded_url) as connection:
        oracle.check_counters(connection)


def _is_end(text: bytes, size: int, end: bytes) -> bool:
    """Whether a record's closing brace is the byte that was written last."""
    return text[size - 1 : size] == b"}" and text[size : size + len(end)] == end


@pytest.mark.parametrize("cut", range(1, len(RECORDS[1])))
def test_a_cut_line_that_is_no_whole_object_waits_even_at_the_end(cut: int, tmp_path: Path) -> None:
    """R9: of every half of a line, nothing is a whole object."""
    path = tmp_path / "session.jsonl"
    path.write_bytes(RECORDS[0] + b"\n" + RECORDS[1][:cut])
    with tail.open_regular(path) as file:
        found = list(tail.chunks(file.fd, 0, final=True))
    assert found == [tail.Chunk(0, RECORDS[0] + b"\n")]


def test_lines_longer_than_a_piece_wait_for_their_newline_too(tmp_path: Path) -> None:
    """R9: a line of which the first pieces hold no newline."""
    path, long = tmp_path / "session.jsonl", simple.line("long", text="x" * 500)
    path.write_bytes(RECORDS[0] + b"\n" + long)
    with tail.open_regular(path) as file:
        assert list(tail.chunks(file.fd, 0, final=False, size=64)) == [tail.Chunk(0, RECORDS[0] + b"\n")]
        with path.open("ab") as writer:
            writer.write(b"\n" + RECORDS[0])
        found = list(tail.chunks(file.fd, 0, final=False, size=64))
    assert b"".join(chunk.data for chunk in found if isinstance(chunk, tail.Chunk)) == RECORDS[0] + b"\n" + long + b"\n"
