"""R10: whatever happens to files, the events of both the old and the new content are there, none twice."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, rule, run_state_machine_as_test

from agentobs.ingest import tail
from agentobs.ingest.worker import Worker
from tests.faults import simple
from tests.faults.oracle import EQUATIONS, check_twice

COUNTS = st.integers(1, 4)
WHICH = st.integers(0, 1)


class Files(RuleBasedStateMachine):
    """A folder of session files, two workers, and a model of what was complete whenever somebody looked."""

    url: str
    workers: list[Worker]
    machines = 0
    paths = Bundle("paths")

    def __init__(self) -> None:
        super().__init__()
        type(self).machines += 1
        self.device = 1_000_000 + self.machines  # sources of other runs are other files
        self.folder = Path(tempfile.mkdtemp(prefix="agentobs-files-"))
        self.serial = 0
        self.content: dict[Path, bytes] = {}
        self.inodes: dict[Path, int] = {}
        self.next_inode = 1
        self.freed: list[int] = []
        self.expected: set[str] = set()  # digests of complete lines that were seen by an ingest

    def _lines(self, count: int, session: str) -> bytes:
        lines = b""
        for _ in range(count):
            self.serial += 1
            lines += simple.line(f"{self.machines}-{self.serial}", session=session) + b"\n"
        return lines

    def _write(self, path: Path, content: bytes) -> None:
        self.content[path] = content
        path.write_bytes(content)

    def _new_inode(self, *, reuse: bool) -> int:
        if reuse and self.freed:
            return self.freed.pop()
        self.next_inode += 1
        return self.next_inode

    @rule(target=paths, count=COUNTS, reuse=st.booleans())
    def create(self, count: int, reuse: bool) -> Path:
        """A new file, perhaps with the inode of one that was deleted."""
        self.serial += 1
        path = self.folder / f"{self.serial}.jsonl"
        self.inodes[path] = self._new_inode(reuse=reuse)
        self._write(path, self._lines(count, path.stem))
        return path

    @rule(path=paths, count=COUNTS)
    def append(self, path: Path, count: int) -> None:
        self._write(path, self._whole(path) + self._lines(count, path.stem))

    @rule(path=paths, cut=st.integers(1, 40))
    def append_torn(self, path: Path, cut: int) -> None:
        """Whole lines, then half of one; `append` removes the half again as a writer does that was restarted."""
        line = self._lines(1, path.stem)
        self._write(path, self._whole(path) + line + self._lines(1, path.stem)[:cut])

    @rule(path=paths, keep=st.integers(0, 3))
    def truncate(self, path: Path, keep: int) -> None:
        lines = self._whole(path).splitlines(keepends=True)
        self._write(path, b"".join(lines[:keep]))

    @rule(path=paths, keep=st.integers(1, 3))
    def regrow(self, path: Path, keep: int) -> None:
        """The same first lines, then others, and at least as long as before: neither size nor head tells."""
        lines = self._whole(path).splitlines(keepends=True)
        self._write(path, b"".join(lines[:keep]) + self._lines(len(lines) + 1, path.stem))

    @rule(path=paths, count=COUNTS)
    def copytruncate(self, path: Path, count: int) -> None:
        """Emptied and written anew under the same inode, perhaps longer than before."""
        self._write(path, self._lines(count * 2, path.stem))

    @rule(target=paths, path=consumes(paths))
    def rename(self, path: Path) -> Path:
        self.serial += 1
        new = self.folder / f"{self.serial}.jsonl"
        path.rename(new)
        self.content[new], self.inodes[new] = self.content.pop(path), self.inodes.pop(path)
        return new

    @rule(path=consumes(paths))
    def delete(self, path: Path) -> None:
        path.unlink()
        del self.content[path]
        self.freed.append(self.inodes.pop(path))

    @rule(path=paths, count=COUNTS, reuse=st.booleans())
    def replace(self, path: Path, count: int, reuse: bool) -> None:
        """Another file under the same name."""
        old = self.inodes[path]
        self.inodes[path] = self._new_inode(reuse=reuse)
        self.freed.append(old)
        path.unlink()
        self._write(path, self._lines(count, path.stem))

    @rule(target=paths, path=paths)
    def copy(self, path: Path) -> Path:
        return self._twin(path, self.content[path])

    @rule(target=paths, path=paths, count=COUNTS)
    def fork(self, path: Path, count: int) -> Path:
        """A copy whose records carry the new session's id, and then go their own way."""
        self.serial += 1
        name = f"fork{self.serial}"
        records = [json.loads(line) for line in self._whole(path).splitlines()]
        lines = [json.dumps({**record, "s": name}).encode() + b"\n" for record in records]
        return self._twin(path, b"".join(lines) + self._lines(count, name))

    def _twin(self, path: Path, content: bytes) -> Path:
        self.serial += 1
        new = self.folder / f"{self.serial}.jsonl"
        self.inodes[new] = self._new_inode(reuse=False)
        self._write(new, content)
        return new

    @rule(path=paths, which=WHICH)
    def ingest(self, path: Path, which: int) -> None:
        """One of two workers looks; afterwards all complete lines are in, and the source counted each once."""
        with self._identities():
            outcome = self.workers[which].ingest(path, simple.ADAPTER, final=False)
        assert outcome.error is None
        whole = self._whole(path)
        self.expected |= {json.loads(line)["id"] for line in whole.splitlines()}
        with psycopg.connect(self.url) as connection:
            row = connection.execute(
                "SELECT records, position FROM sources WHERE device = %s AND inode = %s "
                "ORDER BY generation DESC LIMIT 1",
                (self.device, self.inodes[path]),
            ).fetchone()
        assert row == (whole.count(b"\n"), len(whole))

    @rule(which=WHICH)
    def ingest_all(self, which: int) -> None:
        for path in list(self.content):
            self.ingest(path, which)

    def _whole(self, path: Path) -> bytes:
        content = self.content[path]
        return content[: content.rfind(b"\n") + 1]

    @contextmanager
    def _identities(self) -> Iterator[None]:
        """Let the reader see our inodes: a real file system gives them again when it likes."""
        real = os.fstat
        ours = {path.stat().st_ino: inode for path, inode in self.inodes.items()}

        def fstat(fd: int) -> os.stat_result:
            found = [int(value) for value in real(fd)]
            if found[1] in ours:
                found[1], found[2] = ours[found[1]], self.device
            return os.stat_result(found)

        tail.os.fstat = fstat  # pyright: ignore[reportPrivateImportUsage]
        try:
            yield
        finally:
            tail.os.fstat = real  # pyright: ignore[reportPrivateImportUsage]

    def teardown(self) -> None:
        for path in list(self.content):
            self.ingest(path, 0)
        with psycopg.connect(self.url) as connection:
            check_twice(connection)
            rows = connection.execute(
                "SELECT summary FROM agent_events WHERE summary LIKE %s", (f"{self.machines}-%",)
            ).fetchall()
            assert {name for (name,) in rows} == self.expected
            assert connection.execute(EQUATIONS.encode()).fetchone() == (0,)
            assert connection.execute("SELECT count(*) FROM quarantine").fetchone() == (0,)


@pytest.mark.faults
def test_both_files_events_are_there_and_none_twice(database_url: str, request: pytest.FixtureRequest) -> None:
    """R10."""
    first = "embedded" in request.node.name
    with Worker(database_url, None) as one, Worker(database_url, None) as other:
        _ = one.connection  # which makes the tables, should a run end before anything is read
        Files.url, Files.workers = database_url, [one, other]
        run_state_machine_as_test(
            Files,
            settings=settings(
                max_examples=60 if first else 15,
                stateful_step_count=25,
                deadline=None,
                derandomize=True,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
            ),
        )


def test_a_file_that_is_emptied_and_rewritten_while_it_is_read_loses_nothing(
    embedded_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R10: the new content is as long as the old, and comes between the reading of a piece and its commit."""
    path = tmp_path / "session.jsonl"
    old, new = (b"".join(simple.line(f"{name}{n}") + b"\n" for n in range(5)) for name in ("old", "new"))
    path.write_bytes(old)
    right = simple.ADAPTER.parse

    def parse(lines, memory):
        yield from right(lines, memory)
        path.write_bytes(new)

    changing = type(simple.ADAPTER)(**{
        name: getattr(simple.ADAPTER, name) for name in simple.ADAPTER.__struct_fields__ if name != "parse"
    }, parse=parse)  # fmt: skip
    with Worker(embedded_url, None) as worker:
        worker.ingest(path, changing)
        worker.ingest(path, simple.ADAPTER)
    with psycopg.connect(embedded_url) as connection:
        rows = connection.execute("SELECT summary FROM agent_events ORDER BY 1").fetchall()
    assert [name for (name,) in rows] == [f"{name}{n}" for name in ("new", "old") for n in range(5)]
