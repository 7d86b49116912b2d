"""Certificates made for a test, and `agentobs serve` with one of them as a user starts it."""

import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import httpx
import trustme
from cryptography.hazmat.primitives import serialization

from tests.server.test_serve import ROOT, Served

_ACCEPTED = "agentobs_accepted_total "
NOWHERE = "postgresql://nobody@127.0.0.1:9/nothing"


class Pair(NamedTuple):
    """A certificate and its key."""

    certificate: Path
    key: Path

    @property
    def arguments(self) -> list[str]:
        return ["--tls-certificate", str(self.certificate), "--tls-key", str(self.key)]


class Authority:
    """A certificate authority of one's own, in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._ca = trustme.CA()
        self.file = folder / "authority.pem"
        self._ca.cert_pem.write_to_path(self.file)

    def issue(self, *names: str, file: str = "server", until: datetime | None = None, kind: str = "ECDSA") -> Pair:
        """Write a certificate for the names, and its key that only the owner can read."""
        begins = None if until is None else until.replace(year=until.year - 1)
        issued = self._ca.issue_cert(
            *names, not_before=begins, not_after=until, key_type=trustme.KeyType[kind], common_name=file
        )
        pair = Pair(self._folder / f"{file}.pem", self._folder / f"{file}.key")
        pair.certificate.write_bytes(b"".join(one.bytes() for one in issued.cert_chain_pems))
        pair.key.write_bytes(issued.private_key_pem.bytes())
        pair.key.chmod(0o600)
        return pair

    @property
    def trust(self) -> ssl.SSLContext:
        """What a client needs to trust the certificates from here."""
        return ssl.create_default_context(cafile=str(self.file))


def encrypted(key: Path) -> Path:
    """Write a key anew, with a passphrase, beside it."""
    plain = serialization.load_pem_private_key(key.read_bytes(), None)
    locked = key.with_suffix(".locked")
    coding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked.write_bytes(plain.private_bytes(coding, form, serialization.BestAvailableEncryption(b"passphrase")))
    locked.chmod(0o600)
    return locked


class Secured(Served):
    """A running `agentobs serve` with TLS; its client trusts what the test says."""

    client: httpx.Client

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, home: Path) -> None:
        self.silent = threading.Event()
        super().__init__(process, port, home)

    def _listen(self) -> None:
        super()._listen()
        self.silent.set()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def accepted(self) -> int:
        (line,) = [one for one in self.client.get("/metrics").text.splitlines() if one.startswith(_ACCEPTED)]
        return int(line.split()[-1])

    def post(self, body: bytes, **headers: str) -> int:
        return self.client.post("/v1/events", content=body, headers=headers).status_code


@contextmanager
def secured(home: Path, pair: Pair, trust: ssl.SSLContext, url: str = NOWHERE) -> Iterator[Secured]:
    """Serve until the block ends; what is said before it serves stands in `said` too."""
    environment = {**os.environ, "AGENTOBS_HOME": str(home), "AGENTOBS_DATABASE_URL": url}
    command = [sys.executable, "-m", "agentobs.cli", "serve", "--port", "0", *pair.arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr is not None
            before = []
            while "serving on https://127.0.0.1:" not in (said := process.stderr.readline().decode()):
                assert said, before
                before.append(said)
            server = Secured(process, int(said.split("https://127.0.0.1:")[1].split(";")[0]), home)
            server.said[:0] = before
            with httpx.Client(base_url=server.url, verify=trust, timeout=30, trust_env=False) as server.client:
                yield server
            process.kill()
            assert server.silent.wait(60), "what it started does not end"
        finally:
            process.kill()


class Recorder:
    """A server with TLS that is not agentobs: it keeps what it is sent, and answers nothing."""

    def __init__(self, pair: Pair) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*pair)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.connections = 0
        self.seen = b""
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Recorder":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(30)
        self._socket.close()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            client.settimeout(30)
            with client:
                try:
                    with self._context.wrap_socket(client, server_side=True) as open_:
                        self.seen += open_.recv(65536)
                except OSError:
                    continue  # the client did not trust it
