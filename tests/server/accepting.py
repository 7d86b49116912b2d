"""An accepting server in a thread of the test, on a free port, with its spool in a folder; and a drain."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import uvicorn

from agentobs.ingest.backfill import Job, adapters
from agentobs.ingest.drain import Drainer
from agentobs.ingest.spool import Limits, Spool
from agentobs.redaction import Redactor
from agentobs.server.app import create_app
from agentobs.server.service import Service

KEY = b"k" * 32


class Accepting:
    """A running server."""

    def __init__(self, url: str, service: Service, folder: Path) -> None:
        self.url = url
        self.service = service
        self.folder = folder
        self.client = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def post(self, content: Any, query: str = "", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(f"/v1/events{query}", content=content, headers=named)


@contextmanager
def accepting(folder: Path, limits: Limits = Limits(), **options: Any) -> Iterator[Accepting]:  # noqa: B008
    """Serve until the block ends; then everything accepted is durable."""
    service = Service(Spool(folder, limits), adapters(), Redactor(KEY), **options)
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        create_app(service), loop="uvloop", http="httptools", ws="websockets-sansio", log_level="warning",
        access_log=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    running = Accepting(f"http://127.0.0.1:{listening.getsockname()[1]}", service, folder)
    try:
        while not server.started:
            assert thread.is_alive(), "the server does not start"
            time.sleep(0.005)
        yield running
    finally:
        running.client.close()
        server.should_exit = True
        thread.join(30)
        listening.close()


def drain(url: str, folder: Path) -> None:
    """Store what lies in the spool."""
    with Drainer(Job(url=url, redaction_key=KEY), folder) as drainer:
        drainer.drain()


def rows(url: str, query: str) -> list[tuple]:
    """Return what a query finds."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()
