"""The indexing process: `python -m agentobs.server.indexing`, started and told by the accepting one.

It follows what the drain stores and fills the full-text index, behind it and below it in priority. It reads its plan as
one line of JSON from its standard input, and ends after the piece in hand when it hears `finish` or the input ends:
what waits then is indexed when it runs again.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO, RawIOBase

import psycopg

from agentobs.errors import AgentobsError
from agentobs.ingest.indexing import follow
from agentobs.server.draining import Plan, database, reached_by
from agentobs.store import engine, migrate

_MUCH_BYTES = 4 << 20  # that wait in the spool
_NICE = 10  # accepting and draining go first: only searches wait for it


def main() -> int:
    """Index until told to end."""
    for number in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C reaches all; only the accepting process decides
        signal.signal(number, signal.SIG_IGN)
    os.nice(_NICE)
    orders = FileIO(0, closefd=False)
    plan, ended = Plan.of_line(orders.readline()), threading.Event()
    threading.Thread(target=_listen, args=(orders, ended), daemon=True).start()
    follow(lambda: connected(plan), plan.job.mappings, ended, _say, lambda: is_behind(plan))
    return 0


def is_behind(plan: Plan) -> bool:
    """Tell whether the drain has much to store: it goes first, what is indexed later is only found later."""
    reached = reached_by(plan.folder)
    return reached is not None and reached.end - reached.position > _MUCH_BYTES


@contextmanager
def connected(plan: Plan) -> Iterator[psycopg.Connection]:
    """Give a connection to the database of a plan; the embedded server starts by itself and stays for as long."""
    server, url = database(plan)
    try:
        with engine.connect(url) as connection:
            with engine.translated():
                migrate.migrate(connection)
            yield connection
    finally:
        if server is not None:
            server.close()


def _listen(orders: RawIOBase, ended: threading.Event) -> None:
    orders.read(1)
    ended.set()


def _say(error: AgentobsError) -> None:
    sys.stderr.write(f"index: waiting for the database: {' '.join(str(error).split())}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
