"""Fill the full-text index behind the stream: what was asked, answered, run, printed, and which files it was about."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

import psycopg

from agentobs.adapters._base import Adapter
from agentobs.analysis.search import words
from agentobs.errors import AgentobsError
from agentobs.ingest.backfill import adapters
from agentobs.store import engine, search
from agentobs.store.search import Document, Pending

SAID = 20_000  # characters of a prompt or an answer that are indexed
HEAD, TAIL = 4_000, 1_000  # of what a tool was given or printed, and of the end of an output that failed
_EVENTS = 20_000  # of batches that are indexed in one transaction
_LOOK_S, _RETRY_S, _MOST_REST_S = 0.5, 1.0, 60.0
_FEW = 2_000  # events; a step of fewer that takes long had to look for them among many others
_FAILED = {"error", "denied", "interrupted"}


class Indexer:
    """Indexes what is stored and not yet indexed, with a connection of its own."""

    def __init__(self, connection: psycopg.Connection, taught: Sequence[str] = ()) -> None:
        self._connection = connection
        self._known = adapters(taught)

    def step(self) -> int:
        """Index the next batches, all of them or none; return how many events they hold, 0: nothing waits."""
        if not search.waits(self._connection):
            return 0
        with search.work(self._connection, _EVENTS) as work:
            if work is None:
                return 0
            for rows in work.pending():
                work.add([made for row in rows if (made := _document(row, self._known)) is not None])
            return work.events

    def run(self, watch: Callable[[int], object] = lambda _: None) -> int:
        """Index all that waits now; `watch` hears of each step. Returns how many events."""
        done = 0
        while events := self.step():
            done += events
            watch(events)
        return done


def index(url: str, taught: Sequence[str] = (), watch: Callable[[int], object] = lambda _: None) -> int:
    """Index all that is stored in a database and waits; return how many events."""
    with engine.connect(url) as connection:
        return Indexer(connection, taught).run(watch)


def follow(
    connect: Callable[[], AbstractContextManager[psycopg.Connection]], taught: Sequence[str], ended: threading.Event,
    waiting: Callable[[AgentobsError], object], is_busy: Callable[[], bool] = lambda: False,
) -> None:  # fmt: skip
    """Index what is stored as it comes, until `ended`; the database's absence is waited for.

    `waiting` hears why, once per outage. While `is_busy` says that there is much to store, a step is made only now and
    then. Raises what waiting cannot cure.
    """
    waits = False
    while not ended.is_set():
        try:
            with connect() as connection:
                indexer = Indexer(connection, taught)
                while not ended.is_set():
                    began = time.monotonic()
                    events = indexer.step()
                    waits = False
                    if events < _FEW:
                        ended.wait(max(_LOOK_S, 2 * (time.monotonic() - began)))
                    _rest(ended, is_busy)
        except AgentobsError as error:
            if not error.retryable:
                raise
            if not waits:
                waiting(error)
            waits = True
            ended.wait(_RETRY_S)


def _rest(ended: threading.Event, is_busy: Callable[[], bool]) -> None:
    until = time.monotonic() + _MOST_REST_S
    while is_busy() and time.monotonic() < until and not ended.is_set():
        ended.wait(_LOOK_S)


def text_of(
    adapter: Adapter | None, record: bytes | None, part: int, *, summary: str | None, file_path: str | None,
    is_call: bool, type: str, status: str | None,  # noqa: A002 the column's name
) -> str:  # fmt: skip
    """Return what is searched of an event: the file, the summary, and what was said, given or printed, cut to size."""
    said = adapter.content(record, part) if adapter is not None and record is not None else None
    if said is None or not (is_call or type in {"user_interaction", "llm_response", "context_switch"}):
        said = ""
    most = HEAD if is_call else SAID
    if len(said) > most:
        end = said[-TAIL:] if status in _FAILED and len(said) > most + TAIL else ""
        said = f"{said[:most]}\n{end}"
    # A summary is often the beginning of what was said: it does not count twice.
    told = "" if summary is None or said.startswith(summary.rstrip("….")[:40]) else summary
    return "\n".join(part for part in (file_path if is_call or not said else None, told, said) if part)


def _document(row: Pending, known: Mapping[str, Adapter]) -> Document | None:
    text = text_of(
        known.get(row.adapter), row.record, row.part, summary=row.summary, file_path=row.file_path,
        is_call=row.is_call, type=row.type, status=row.status,
    )  # fmt: skip
    found = " ".join(words(text))
    if not found:
        return None
    return Document(row.id, row.at, row.told_session, found, search.SEPARATOR.join(_marks(row)))


def _marks(row: Pending) -> list[str]:
    about = {"agent": row.agent, "project": row.project, "session": row.session, "tool": row.tool, "type": row.type}
    marks = [search.mark(name, value) for name, value in about.items() if value]
    if is_error(row.status, row.severity):
        marks.append(search.mark("is", "error"))
    return marks


def is_error(status: str | None, severity: str) -> bool:
    """Tell whether an event says that something failed."""
    return status in _FAILED or severity in {"error", "critical"}
