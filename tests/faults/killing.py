"""Workers that are killed while they work: forked from a process that has imported everything and holds no connection.

Each worker reads one file again and again until it is killed. It says in one byte of its own what it is doing, and
notes every offset up to which it has told its caller that all is safe; both outlive it.
"""

import mmap
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from agentobs.ingest import reading, worker
from agentobs.store import writer
from agentobs.store.batch import Batch, Committed
from tests.faults import mutants, simple
from tests.faults.oracle import LOST, Broken, Oracle

STARTING, READING, COMMITTING = b"s", b"r", b"c"
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.faults.preload"])
_PATIENCE_S = 60.0


class Duty(msgspec.Struct, frozen=True):
    """What one worker is to do."""

    url: str
    path: str
    phase: str
    notes: str
    mutant: str | None
    piece_events: int


def serve(duty: Duty) -> None:
    """Read the file, again and again, until somebody kills us."""
    reading.MOST_EVENTS = duty.piece_events
    page = _page(duty.phase)
    notes = os.open(duty.notes, os.O_WRONLY | os.O_APPEND)

    def acknowledge(batch: Batch) -> None:
        os.write(notes, b"%d\n" % batch.parts[0].step.new_offset)

    commit = mutants.MUTANTS[duty.mutant](acknowledge) if duty.mutant else writer.commit_batch

    def observed(connection: psycopg.Connection, batch: Batch) -> dict[int, Committed]:
        page[:1] = COMMITTING
        committed = commit(connection, batch)
        acknowledge(batch)
        page[:1] = READING
        return committed

    writer.commit_batch = observed
    with worker.Worker(duty.url, None) as one:
        _ = one.connection
        page[:1] = READING
        while True:
            one.ingest(Path(duty.path), simple.ADAPTER, final=False)
            time.sleep(0.001)


def _page(path: str) -> mmap.mmap:
    handle = os.open(path, os.O_RDWR)
    try:
        return mmap.mmap(handle, 1)
    finally:
        os.close(handle)


class Victim:
    """One worker process."""

    def __init__(self, duty: Duty) -> None:
        Path(duty.phase).write_bytes(STARTING)
        self._phase = Path(duty.phase)
        self._killed = False
        self._process = _CONTEXT.Process(target=serve, args=(duty,), daemon=True)
        self._process.start()

    def phase(self) -> bytes:
        """What it is doing, or did last."""
        return self._phase.read_bytes()

    def wait_for_work(self) -> None:
        """Return once it has its connection."""
        deadline = time.monotonic() + _PATIENCE_S
        while self.phase() == STARTING:
            assert self._process.is_alive(), f"the worker ended by itself: {self._process.exitcode}"
            assert time.monotonic() < deadline, "the worker does not start"
            time.sleep(0.001)

    def kill(self) -> None:
        """Kill it where it stands; it must have been alive."""
        if self._killed:
            return
        self._killed = True
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.join()
        assert self._process.exitcode == -signal.SIGKILL
        self._process.close()


class Killing:
    """A file that grows by torn appends, workers that read it, and somebody who kills them at random moments."""

    def __init__(
        self, url: str, folder: Path, *, seed: int, workers: int, mutant: str | None = None, per_kill: int = 100
    ) -> None:
        self.oracle = Oracle()
        self.hits = {READING: 0, COMMITTING: 0}
        self.path = folder / "session.jsonl"
        self._url = url
        self._folder = folder
        self._random = random.Random(seed)
        self._workers = workers
        self._mutant = mutant
        self._per_kill = per_kill
        self._lines: list[tuple[int, str]] = []  # (offset after the newline, name)
        self._half = b""  # what is missing of the last line
        self._size = 0
        self._noted = 0
        self.path.touch()

    def run(self, kills: int, *, longest_s: float) -> None:
        """Kill that many workers within `longest_s` after they were given work; look at what was promised each time."""
        victims = [self._start(slot) for slot in range(self._workers)]
        try:
            for _ in range(kills):
                slot = self._random.randrange(self._workers)
                victims[slot].wait_for_work()
                self._append(self._per_kill)
                time.sleep(self._random.uniform(0, longest_s))
                victims[slot].kill()
                self.hits[victims[slot].phase()] += 1
                with psycopg.connect(self._url, autocommit=True) as connection:  # now, not only after another run
                    self._accept(connection)
                victims[slot] = self._start(slot)
        finally:
            for victim in victims:
                victim.kill()
        self._write(self._half + b"\n")

    def finish(self) -> None:
        """Let an untouched worker read what is left, then check all promises. Raises Broken."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            self._accept(connection)
        self.oracle.accept(*(name for _, name in self._lines))  # complete lines of a file that is tailed
        with worker.Worker(self._url, None) as one:
            outcome = one.ingest(self.path, simple.ADAPTER)
        assert outcome.error is None
        self.oracle.check(self._url, self._folder)

    def _start(self, slot: int) -> Victim:
        notes = self._notes(slot)
        notes.touch()
        return Victim(Duty(self._url, str(self.path), str(self._folder / f"phase{slot}"), str(notes), self._mutant, 20))

    def _notes(self, slot: int) -> Path:
        return self._folder / f"notes{slot}"

    def _append(self, count: int) -> None:
        """Write the rest of the last line, whole lines, and some bytes of one more, in pieces that split anywhere."""
        text, line = self._half + b"\n" if self._half else b"", b""
        for _ in range(count):
            line = self._line(len(self._lines))
            self.oracle.issue(line)
            self._lines.append((self._size + len(text) + len(line) + 1, json_name(line)))
            text += line + b"\n"
        cut = self._random.randrange(1, len(line))  # of the last line's bytes so many are not written yet
        self._half = text[-cut - 1 : -1]
        text = text[: -cut - 1]
        middle = self._random.randrange(len(text))
        self._write(text[:middle])
        self._write(text[middle:])

    def _write(self, text: bytes) -> None:
        with self.path.open("ab", buffering=0) as file:
            self._size += file.write(text)

    def _line(self, number: int) -> bytes:
        """A mixture that moves every derived table: prompts, responses in several snapshots, calls and results."""
        fields: dict[str, Any] = {"n": number, "text": "x" * self._random.randrange(200)}
        kind = number % 4
        if kind == 1:
            fields |= {
                "type": "llm_response",
                "use": {"input_tokens": 5, "output_tokens": number % 97},
                "key": f"m{number // 8}",
            }
        elif kind > 1:
            fields |= {
                "type": "tool_result" if kind == 3 else "command_execute",
                "call": f"c{number // 4}",
                "tool": "Bash",
            }
        moment = f"2026-03-{9 + number % 3:02}T10:{number // 60 % 60:02}:{number % 60:02}.{number % 1000:03}Z"
        return simple.line(f"e{number:06}", session=f"session-{number // 4 % 7}", ts=moment, **fields)

    def _accept(self, connection: psycopg.Connection) -> None:
        """What a worker has told its caller is stored."""
        told = 0
        for slot in range(self._workers):
            text = self._notes(slot).read_bytes()
            told = max([told, *map(int, text[: text.rfind(b"\n") + 1].split())])
        names = [name for offset, name in self._lines if offset <= told]
        self.oracle.accept(*names)
        row = connection.execute("SELECT count(*) FROM agent_events WHERE source_offset < %s", (told,)).fetchone()
        assert row is not None
        if row[0] < len(names):
            raise Broken(LOST, f"the caller was told that {len(names)} are safe, {row[0]} are stored")


def json_name(line: bytes) -> str:
    """The name of a record."""
    return msgspec.json.decode(line)["id"]
