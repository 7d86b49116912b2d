"""The draining process: `python -m agentobs.server.draining`, started and told by the accepting one.

It reads its plan as one line of JSON from its standard input, then `finish` (drain what is there and end), and ends
when the input does: the accepting process is gone. It writes where it stands into the folder of the spool.
"""

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from io import FileIO, RawIOBase
from pathlib import Path
from typing import Any

import msgspec

from agentobs.errors import AgentobsError, DatabaseError, DatabaseUnavailable, MigrationError
from agentobs.ingest.backfill import Job
from agentobs.ingest.drain import Drainer, Reached
from agentobs.store import embedded, engine

FINISH = b"finish\n"
LEFT = 3  # exit code: not all of the spool is stored
_NICE = 5  # accepting goes first: what waits for the database is safe
_TOLD_S = 0.25
_RETRY_S = 1.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What the draining process is to do."""

    job: Job  # its url counts where there is no database_home
    folder: Path
    database_home: Path | None  # of the embedded server

    def line(self) -> bytes:
        """Return the plan as it is told to the process."""
        return msgspec.json.encode(self, enc_hook=str) + b"\n"

    @classmethod
    def of_line(cls, line: bytes) -> "Plan":
        """Return the plan that was told."""
        return msgspec.json.decode(line, type=cls, dec_hook=lambda kind, value: kind(value))


def main() -> int:
    """Drain until told to end."""
    for number in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C reaches all; only the accepting process decides
        signal.signal(number, signal.SIG_IGN)
    os.nice(_NICE)
    gc.set_threshold(100_000, 50, 50)  # events hold no cycles
    orders = FileIO(0, closefd=False)  # a thread waits in it to the end, and must hold no lock of a buffer
    return 0 if drain(Plan.of_line(orders.readline()), orders) else LEFT


def drain(plan: Plan, orders: RawIOBase) -> bool:
    """Drain until `orders` says finish and nothing is left, or ends; tell whether nothing was left."""
    ended = threading.Event()
    told: dict[str, Any] = {"finish": False, "drainer": None}
    threading.Thread(target=_listen, args=(orders, told, ended), daemon=True).start()
    status = Status(plan.folder)
    while not ended.is_set():
        try:
            server, url = database(plan)
        except DatabaseError as error:
            status.waiting(error)
            if told["finish"]:
                return False
            ended.wait(_RETRY_S)
            continue
        job = msgspec.structs.replace(plan.job, url=url)
        with Drainer(job, plan.folder) as drainer:
            told["drainer"] = drainer
            drainer.finish = drainer.finish or told["finish"]  # the other thread may have said so just now
            drainer.stop = drainer.stop or ended.is_set()
            try:
                done = drainer.run(lambda error: _restart(plan, status, error), status.reached)
            except MigrationError as error:  # what is accepted waits for an agentobs that knows the schema
                status.waiting(error)
                done = False
        status.flush()
        if server is not None:
            server.close()
        return done
    return False


def _listen(orders: RawIOBase, told: dict[str, Any], ended: threading.Event) -> None:
    for line in orders:
        if line == FINISH:
            told["finish"] = True
            if told["drainer"] is not None:
                told["drainer"].finish = True
    ended.set()
    if told["drainer"] is not None:
        told["drainer"].stop = True


def database(plan: Plan) -> tuple[embedded.Server | None, str]:
    """Return the server that a plan writes to, and its URL; the embedded one starts by itself."""
    if plan.database_home is None:
        url = engine.normalise(plan.job.url)
        engine.connect(url).close()
        return None, url
    server = embedded.start(plan.database_home)
    return server, server.url


def _restart(plan: Plan, status: "Status", error: AgentobsError) -> None:
    """Say why the drain waits; the embedded server has nobody else who brings it back."""
    status.waiting(error)
    if plan.database_home is not None and isinstance(error, DatabaseUnavailable):
        try:
            embedded.start(plan.database_home).close()
        except AgentobsError as refused:
            status.waiting(refused)


class Status:
    """Says where the drain stands: in a file beside the spool, and on stderr when it begins or ends to wait."""

    def __init__(self, folder: Path, say: Callable[[str], None] | None = None) -> None:
        self._path = folder / "drained.json"
        self._say = say or _say
        self._last: Reached | None = None
        self._written: Reached | None = None
        self._at = float("-inf")
        self._waits = False

    def reached(self, reached: Reached) -> None:
        """Take what the drain reached; the file follows at most four times a second."""
        self._last = reached
        if reached.waiting is None and self._waits:
            self._waits = False
            self._say("drain: the database is back")
        if reached != self._written and time.monotonic() - self._at >= _TOLD_S:
            self.flush()

    def waiting(self, error: AgentobsError) -> None:
        """Say once per outage why the drain waits."""
        if not self._waits:
            self._say(f"drain: waiting for the database: {error}")
        self._waits = True
        self._last = msgspec.structs.replace(self._last or Reached(0, 0), waiting=str(error))
        self.flush()

    def flush(self) -> None:
        """Write what is not written yet."""
        if self._last is None:
            return
        draft = self._path.with_name(f".drained.{os.getpid()}")
        try:
            draft.write_bytes(msgspec.json.encode(self._last))
            draft.replace(self._path)
        except OSError as error:  # a full disk must not stop what empties it
            self._say(f"drain: {self._path} cannot be written: {error.strerror}")
        self._written, self._at = self._last, time.monotonic()


def reached_by(folder: Path) -> Reached | None:
    """Return where the drain of a spool stood when it last said so."""
    try:
        return msgspec.json.decode((folder / "drained.json").read_bytes(), type=Reached)
    except (OSError, msgspec.MsgspecError):
        return None


def _say(text: str) -> None:
    sys.stderr.write(" ".join(text.split()) + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
