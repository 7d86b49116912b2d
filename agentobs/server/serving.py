"""`serve`: accept and drain until SIGTERM or SIGINT; then stop accepting, make durable, drain, and end with 0."""

import asyncio
import logging
import os
import signal
import socket
import ssl
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import msgspec
import uvicorn

from agentobs.errors import SettingsError
from agentobs.ingest.backfill import Job, adapters, keeper_of
from agentobs.ingest.spool import Limits, Spool
from agentobs.server.access import Guard, is_loopback
from agentobs.server.app import create_app
from agentobs.server.audit import Audit
from agentobs.server.draining import Plan, reached_by
from agentobs.server.keys import KeyReader, KeyRing
from agentobs.server.limits import EVENTS_PER_S, Buckets
from agentobs.server.read_api_pool import Reading
from agentobs.server.service import Patience, Service
from agentobs.server.supervision import LAST_S, Beside
from agentobs.server.tls import Certificate
from agentobs.store import engine

HOST, PORT = "127.0.0.1", 4318  # the port that exporters of OpenTelemetry use unless told
_REQUESTS_S, _ALL_S = 3, 9.0  # after SIGTERM: for the requests in hand, and for everything
_FAREWELL_S = 1.0  # of those: for who says good-bye
_BACKLOG = 512


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """What is served, from where into what."""

    job: Job
    database_home: Path | None  # of the embedded server; None: the job's url
    folder: Path
    host: str = HOST
    port: int = PORT
    limits: Limits = Limits()
    patience: Patience = Patience()
    needs_keys: bool = False  # also of programs of this machine: behind a proxy
    allowed_hosts: tuple[str, ...] = ()  # names by which it is called, besides addresses
    certificate: Path | None = None  # with its private key: TLS
    private_key: Path | None = None
    events_per_s: float = EVENTS_PER_S  # of a key, unless it says another number


def serve(serving: Serving) -> int:
    """Serve until told to stop; return the exit code. Raises SettingsError and SpoolError when it cannot begin."""
    secured = secured_by(serving)
    reading = Reading(serving.job.url, serving.database_home, taught=serving.job.mappings)
    reader = KeyReader(reading.connect)
    keys = KeyRing(reader, serving.folder / "keys.json")
    guard = guard_of(serving, keys)
    with listen(serving.host, serving.port) as listening:
        known, redactor = adapters(serving.job.mappings), keeper_of(serving.job).redactor
        assert redactor is not None
        service = Service(
            Spool(serving.folder, serving.limits),
            known,
            redactor,
            patience=serving.patience,
            drained=lambda: reached_by(serving.folder),
            access=guard,
            reading=reading,
            buckets=Buckets(serving.events_per_s),
            audit=Audit(lambda: engine.connect(reading.url())),
        )
        plan = Plan(job=serving.job, folder=serving.folder, database_home=serving.database_home)
        drain, index = Beside("draining", plan, say), Beside("indexing", plan, say)
        port = listening.getsockname()[1]
        scheme = "http" if secured is None else "https"
        say(f"serving on {scheme}://{serving.host}:{port}; spool {serving.folder}; Ctrl-C ends")
        # uvicorn raises the signal again when it is done: by then it has had its effect.
        before = {number: signal.signal(number, _ignore) for number in (signal.SIGINT, signal.SIGTERM)}
        began = float("inf")
        try:
            began = run_server(service, [listening], secured)
        finally:
            keys.close()
            reader.close()
            drain.finish()
            index.finish()
            left = min(began, time.monotonic()) + _ALL_S - time.monotonic()
            done = drain.ended(max(left - 2 * LAST_S, 0.5))
            index.ended(0)
            for number, handler in before.items():
                signal.signal(number, handler)
    say("stopped; all that was accepted is stored" if done else "stopped; what is not stored yet waits in the spool")
    return 0


def secured_by(serving: Serving) -> ssl.SSLContext | None:
    """Return the TLS of a server, if it has one; raise SettingsError for files that cannot serve."""
    if serving.certificate is None and serving.private_key is None:
        return None
    if serving.certificate is None or serving.private_key is None:
        raise SettingsError("--tls-certificate and --tls-key belong together; give both or none")
    return Certificate(serving.certificate, serving.private_key, say).context


def guard_of(serving: Serving, keys: KeyRing) -> Guard:
    """Return who may use a server; raise SettingsError where others reach it and nobody has a key."""
    is_here = is_loopback(serving.host)
    if not is_here or serving.needs_keys:
        now = datetime.now(UTC)
        if not any(key.state(now) == "usable" for key in keys.load()):
            what = "keys are required" if is_here else f"host {serving.host!r} can be reached from other machines"
            raise SettingsError(f"{what}, and no usable API key is known; make one with `agentobs keys create`")
    names = (*serving.allowed_hosts, serving.host)
    hosts = names if serving.allowed_hosts or not is_here else ()
    return Guard(keys, owner_needs_none=is_here and not serving.needs_keys, hosts=hosts)


class _Server(uvicorn.Server):
    told_at = float("inf")
    ending: Callable[[], None]

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.told_at = min(self.told_at, time.monotonic())
        self.ending()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().call_later(_FAREWELL_S, self._leave)
        await super().shutdown(sockets)

    def _leave(self) -> None:
        """Hang up where all is said: by TLS a client must agree to the end, and one that is idle never does."""
        for connection in list(self.server_state.connections):
            transport = connection.transport
            if transport.is_closing() and not transport.get_write_buffer_size():
                transport.abort()


def run_server(service: Service, sockets: Sequence[socket.socket], secured: ssl.SSLContext | None = None) -> float:
    """Run the accepting side until a signal; return when that came. The service is closed then."""
    config = uvicorn.Config(
        create_app(service),
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_REQUESTS_S,
        ws_per_message_deflate=False,  # it costs more than loopback or a proxy saves
        ws_max_size=1 << 16,
        backlog=_BACKLOG,
    )
    config.load()
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    config.ssl = secured
    server = _Server(config)
    server.ending = service.end_streams
    server.run(list(sockets))
    return server.told_at


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out what uvicorn says of every WebSocket that we refuse with an answer: anybody could fill the log."""
    return "without completing handshake" not in record.getMessage()


def _ignore(_: int, __: FrameType | None) -> None:
    pass


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raise SettingsError for an address that is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        reason = (os.strerror(error.errno) if error.errno else str(error)).lower()
        raise SettingsError(f"cannot listen on {host}:{port}: {reason}; choose another --port") from error


def say(text: str) -> None:
    """Print a line about the service itself on stderr."""
    sys.stderr.write(" ".join(text.split()) + "\n")
    sys.stderr.flush()
