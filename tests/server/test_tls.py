"""`agentobs serve` with a certificate: every door works by TLS, and no other way; what is wrong is one clear line.

The certificate names 127.0.0.1 alone: `localhost` is the wrong name here.
"""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from websockets.sync.client import connect

from agentobs.cli import main
from agentobs.errors import SettingsError
from agentobs.server.tls import Certificate, context_of
from tests.server.secured import NOWHERE, Authority, Pair, Recorder, Secured, encrypted, secured
from tests.server.test_serve import ROOT, line, until

pytestmark = pytest.mark.faults
KEY = "ao_000000000000_" + "5" * 64
PAST = datetime(2021, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def pair(authority: Authority) -> Pair:
    return authority.issue("127.0.0.1")


@pytest.fixture(scope="module")
def server(authority: Authority, pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """One that accepts and keeps: it has no database."""
    with secured(tmp_path_factory.mktemp("home"), pair, authority.trust) as running:
        yield running


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTOBS_HOME", str(tmp_path / "home"))
    for name in ("AGENTOBS_URL", "AGENTOBS_KEY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_events_are_taken_and_followed_by_either_stream_and_the_end_is_proper(
    embedded_url: str, authority: Authority, pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with secured(tmp_path / "served", pair, authority.trust, embedded_url) as server:
        monkeypatch.setenv("AGENTOBS_URL", server.url)
        assert server.client.get("/healthz").status_code == 200
        to = server.url.replace("https", "wss") + "/v1/stream"
        with (
            connect(to, ssl=authority.trust, origin=server.url, proxy=None) as pushed,  # pyright: ignore[reportArgumentType]
            server.client.stream("GET", "/v1/stream") as told,
        ):
            assert told.headers["content-type"].startswith("text/event-stream")
            lines = told.iter_lines()
            assert server.post(line("pytest -q")) == 200
            found = json.loads(next(one for one in lines if one.startswith("data: ")).removeprefix("data: "))
            assert found["context"]["summary"] == "pytest -q"
            while not (batch := json.loads(pushed.recv(60))).get("events"):
                continue
            assert [one["context"]["summary"] for one in batch["events"]] == ["pytest -q"]
            assert main(["tail", "--cursor", "0", "--count", "1"]) == 0
            assert "command_execute pytest -q" in capsys.readouterr().out
            server.process.send_signal(signal.SIGTERM)
            assert list(lines)[-1:] != [], "the stream ends; it does not break"
        assert server.process.wait(60) == 0
        until(lambda: any("all that was accepted is stored" in text for text in server.said))
        assert not any("timeout" in text for text in server.said), "an idle client is not waited for"


def test_send_with_an_authority_of_ones_own(
    server: Secured, authority: Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    monkeypatch.setenv("AGENTOBS_URL", server.url)
    (tmp_path / "a.jsonl").write_bytes(line("a") + b"\n" + line("b") + b"\n")
    before = server.accepted
    assert main(["send", str(tmp_path / "a.jsonl")]) == 0
    assert f"sent 2 records of 1 files to {server.url}" in capsys.readouterr().out
    assert server.accepted == before + 2


def test_the_sdk_of_opentelemetry_sends_by_https(
    server: Secured, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # of the library below the exporter, which prefers them
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(authority.file))
    provider, before = TracerProvider(), server.accepted
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
    with provider.get_tracer("shop").start_as_current_span("chat", attributes={"gen_ai.operation.name": "chat"}):
        pass
    provider.shutdown()
    assert server.accepted == before + 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "https://127.0.0.1:PORT"}, 200),
        ({"origin": "http://127.0.0.1:PORT"}, 403),
        ({"origin": "https://127.0.0.1"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"host": "evil.example"}, 403),
        ({"host": "evil.example", "origin": "https://evil.example"}, 403),
    ],
)
def test_pages_of_its_own_origin_alone_may_use_it(headers: dict[str, str], status: int, server: Secured) -> None:
    asked = {name: value.replace("PORT", str(server.port)) for name, value in headers.items()}
    assert server.post(b"", **asked) == status


@pytest.mark.parametrize(
    "sent", [b"POST /v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n", b"\x16\x03\x01\xff\xff\x00", b""]
)
def test_what_is_no_tls_is_refused_and_harms_nothing(sent: bytes, server: Secured) -> None:
    before, said = server.accepted, list(server.said)
    with socket.create_connection(("127.0.0.1", server.port), 30) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        told = b""
        try:
            while piece := client.recv(65536):
                told += piece
        except ConnectionResetError:
            pass
    assert b"HTTP" not in told
    assert server.post(line("after")) == 200
    assert server.accepted == before + 1
    assert [one for one in server.said[len(said) :] if "waiting for the database" not in one] == []


@pytest.mark.parametrize(("version", "is_taken"), [("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)])
def test_no_tls_below_1_2(version: str, is_taken: bool, server: Secured, authority: Authority) -> None:
    client = authority.trust
    client.set_ciphers("DEFAULT:@SECLEVEL=0")  # without this, the client itself would not begin
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        client.minimum_version = client.maximum_version = ssl.TLSVersion[version]
    with socket.create_connection(("127.0.0.1", server.port), 30) as plain:
        if is_taken:
            with client.wrap_socket(plain, server_hostname="127.0.0.1") as open_:
                assert (open_.version() or "").replace(".", "_") == version.removesuffix("_0")
        else:
            with pytest.raises(ssl.SSLError, match=r"PROTOCOL_VERSION|EOF"):
                client.wrap_socket(plain, server_hostname="127.0.0.1")


@pytest.mark.parametrize("command", ["send", "tail"])
@pytest.mark.parametrize(
    ("host", "trusted", "is_old", "words"),
    [
        ("127.0.0.1", None, False, "name the PEM file of its certificate authority in SSL_CERT_FILE"),
        ("127.0.0.1", "other", False, "must name a PEM file with its certificate authority"),
        ("localhost", "own", False, "call it by a name that is in its certificate"),
        ("127.0.0.1", "own", True, "certificate has expired; the server needs a new one"),
    ],
    ids=["unknown", "another", "name", "expired"],
)
def test_a_server_that_is_not_trusted_gets_nothing(
    command: str, host: str, trusted: str | None, is_old: bool, words: str, authority: Authority, tmp_path: Path,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    shown = authority.issue("127.0.0.1", file="shown", until=PAST if is_old else None)
    files = {"own": authority.file, "other": Authority(tmp_path / "other").file}
    if trusted is not None:
        monkeypatch.setenv("SSL_CERT_FILE", str(files[trusted]))
    with Recorder(shown) as recorder:
        assert main(_asking(command, f"https://{host}:{recorder.port}", tmp_path, monkeypatch)) == 6
    told = capsys.readouterr()
    assert told.err.startswith(f"agentobs: https://{host}:{recorder.port} is not trusted, and nothing was sent: ")
    assert words in told.err
    assert (told.out, told.err.count("\n"), KEY in told.err) == ("", 1, False)
    assert (recorder.connections, recorder.seen) == (1, b""), "nor is it tried again"


def test_a_server_that_is_trusted_gets_the_key(
    authority: Authority, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the test above would see."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with Recorder(pair) as recorder:
        assert main(_asking("tail", f"https://127.0.0.1:{recorder.port}", tmp_path, monkeypatch)) == 6
    assert KEY.encode() in recorder.seen


def _asking(command: str, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("AGENTOBS_KEY", KEY)
    monkeypatch.setenv("AGENTOBS_URL", url)
    (folder / "a.jsonl").write_bytes(line("a") + b"\n")
    return [command, str(folder / "a.jsonl")] if command == "send" else [command]


def test_the_wrong_scheme_is_named(
    server: Secured, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["tail", "--url", server.url.replace("https", "http")]) == 6
    assert "is it https://?" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def answer() -> None:
            client, _ = plain.accept()
            with client:
                client.recv(65536)
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        assert main(["tail", "--url", f"https://127.0.0.1:{plain.getsockname()[1]}"]) == 6
        thread.join()
    assert "is it http://?" in capsys.readouterr().err


FAULTS: dict[str, tuple[Callable[[Pair, Authority, Path], list[Path]], str]] = {
    "certificate missing": (lambda p, a, d: [d / "no.pem", p.key], "no such file or directory"),
    "key missing": (lambda p, a, d: [p.certificate, d / "no.key"], "no such file or directory"),
    "certificate unreadable": (lambda p, a, d: [d, p.key], "cannot be read: is a directory"),
    "certificate no PEM": (lambda p, a, d: [_text(d, "\x30\x82"), p.key], "is no PEM file with a certificate"),
    "key no PEM": (lambda p, a, d: [p.certificate, p.certificate], "is no PEM file with a private key"),
    "certificate damaged": (lambda p, a, d: [_text(d, _pem("CERTIFICATE")), p.key], "x.pem' is damaged"),
    "key damaged": (lambda p, a, d: [p.certificate, _text(d, _pem("PRIVATE KEY"))], "x.pem' is damaged"),
    "key of another": (lambda p, a, d: [p.certificate, a.issue("a", file="b").key], "is not the key of"),
    "key of another kind": (lambda p, a, d: [p.certificate, a.issue("a", file="b", kind="RSA").key], "is not the key"),
    "key encrypted": (lambda p, a, d: [p.certificate, encrypted(p.key)], "is encrypted"),
}


def _text(folder: Path, text: str) -> Path:
    (folder / "x.pem").write_text(text)
    return folder / "x.pem"


def _pem(what: str) -> str:
    return f"-----BEGIN {what}-----\nnonsense\n-----END {what}-----\n"


@pytest.mark.parametrize("fault", FAULTS)
def test_files_that_cannot_serve_are_named(fault: str, authority: Authority, pair: Pair, tmp_path: Path) -> None:
    make, words = FAULTS[fault]
    files = make(pair, authority, tmp_path)
    with pytest.raises(SettingsError) as refused:
        context_of(*files)
    assert words in str(refused.value)
    assert str(refused.value).startswith("--tls-"), "it begins with the option"
    assert any(str(file) in str(refused.value) for file in files), "and names the file"


@pytest.mark.parametrize("fault", ["certificate missing", "key encrypted"])
def test_nothing_begins_and_nobody_is_asked(fault: str, authority: Authority, pair: Pair, tmp_path: Path) -> None:
    """On a terminal: OpenSSL would ask there for the passphrase, and wait."""
    make, words = FAULTS[fault]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "agentobs.cli", "serve", "--port", str(port)]
    command += Pair(*make(pair, authority, tmp_path)).arguments
    spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    environment = {**os.environ, "AGENTOBS_HOME": str(tmp_path / "home"), "AGENTOBS_DATABASE_URL": NOWHERE}
    marked = {**environment, "TLS_TEST": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", spawn, *command], cwd=ROOT, env=marked, timeout=60, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    told = done.stdout.decode().replace("\r\n", "\n")
    assert done.returncode == 2
    assert told.startswith("agentobs: --tls-")
    assert words in told
    assert told.count("\n") == 1
    assert not (tmp_path / "home" / "spool").exists()
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 5):
        pass
    assert _left(str(tmp_path)) == []


def _left(mark: str) -> list[int]:
    """The processes that a test started and that still run."""
    found = []
    for one in psutil.process_iter():
        try:
            if one.environ().get("TLS_TEST") == mark:
                found.append(one.pid)
        except psutil.Error:
            continue  # of somebody else, or it ended just now
    return found


@pytest.mark.parametrize("option", ["--tls-certificate", "--tls-key"])
def test_one_without_the_other_is_refused(option: str, pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", "0", option, str(pair.certificate)]) == 2
    assert "belong together; give both or none" in capsys.readouterr().err


def test_what_is_wrong_and_does_not_keep_it_from_serving_is_said(authority: Authority, tmp_path: Path) -> None:
    old = authority.issue("127.0.0.1", file="old", until=PAST)
    old.key.chmod(0o644)
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    with secured(tmp_path / "home", old, anyone) as server:
        assert server.client.get("/healthz").status_code == 200
        key, certificate = server.said[:2]
    assert key == f"--tls-key '{old.key}' is open to every user of this machine; chmod 600 it\n"
    assert certificate.startswith(f"--tls-certificate '{old.certificate}': certificate has expired; ")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o400])
def test_nothing_is_said_of_a_good_pair(mode: int, authority: Authority) -> None:
    """A group may read a key: that is how the system's own are kept."""
    good, said = authority.issue("127.0.0.1", "localhost", file="good"), list[str]()
    good.key.chmod(mode)
    Certificate(*good, said.append)
    assert said == []


def test_a_renewed_certificate_is_taken_for_new_connections(authority: Authority, tmp_path: Path) -> None:
    """One file after the other, as certbot replaces them: in between they do not fit, and the old ones serve."""
    used = authority.issue("127.0.0.1", file="used")
    with secured(tmp_path / "home", used, authority.trust) as server:
        first = _shown(server, authority)
        assert first == ssl.PEM_cert_to_DER_cert(_first_of(used))
        new = authority.issue("127.0.0.1", file="new")
        assert server.client.get("/healthz").status_code == 200, "a connection that stays open"
        new.key.replace(used.key)
        assert _shown(server, authority) == _shown(server, authority) == first
        until(lambda: sum("is not the key of" in text for text in server.said) == 1)
        new.certificate.replace(used.certificate)
        assert _shown(server, authority) == ssl.PEM_cert_to_DER_cert(_first_of(used)) != first
        until(lambda: "has changed; new connections get the new certificate" in server.said[-1])
        used.certificate.unlink()
        assert _shown(server, authority) != first
        until(lambda: "cannot be read" in server.said[-1])
        assert server.client.get("/healthz").status_code == 200


def _first_of(pair: Pair) -> str:
    end = "-----END CERTIFICATE-----"
    return pair.certificate.read_text().partition(end)[0] + end


def _shown(server: Secured, authority: Authority) -> bytes | None:
    """The certificate that a new connection is shown; a client that calls an address says no name."""
    with (
        socket.create_connection(("127.0.0.1", server.port), 30) as plain,
        authority.trust.wrap_socket(plain, server_hostname="127.0.0.1") as open_,
    ):
        return open_.getpeercert(binary_form=True)
