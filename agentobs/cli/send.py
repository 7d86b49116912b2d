"""send: session files to a server, in batches of whole lines; sending again adds nothing."""

import hashlib
import os
import secrets
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlencode

import msgspec
from cyclopts import Parameter

from agentobs.cli import opening
from agentobs.cli.output import count, one_line
from agentobs.cli.remote import Answer, Remote
from agentobs.errors import ServerUnavailable, SettingsError, SourceError

if TYPE_CHECKING:
    from agentobs.adapters._base import Adapter
    from agentobs.ingest.discover import Found

Coding = Literal["zstd", "gzip", "none"]
BATCH_BYTES = 4 << 20
_MOST_DOCUMENT = 64 << 20
_ATTEMPTS = 6
_MOST_PAUSE_S = 60.0


class Sent(msgspec.Struct):
    """What became of one file, or of all."""

    files: int = 0
    accepted: int = 0
    rejected: int = 0
    reasons: list[str] = msgspec.field(default_factory=list)


class Mark(msgspec.Struct, array_like=True):
    """A file as it was when all of it was sent."""

    size_bytes: int
    mtime_ns: int
    inode: int


def send(
    *paths: Path,
    url: Annotated[str | None, Parameter(help="The server; else AGENTOBS_URL, else this machine's.")] = None,
    key: Annotated[str | None, Parameter(help="An API key that may send; better in AGENTOBS_KEY.")] = None,
    compress: Annotated[Coding, Parameter(help="How bodies are compressed.")] = "zstd",
    again: Annotated[bool, Parameter(help="Send files, too, that have not changed since they were sent.")] = False,
    quiet: Annotated[bool, Parameter(help="Print nothing unless something is wrong: for hooks.")] = False,
) -> int:  # fmt: skip
    """Send session files, or all below a folder, to a server. Exit code 1: some records were refused."""
    from agentobs.ingest import backfill, mappings

    if not paths:
        raise SettingsError("name the files or folders to send, such as ~/.claude/projects")
    chosen = opening.settings()
    known = backfill.adapters(mappings.paths_of(chosen.home))
    remote, ledger = Remote(url, key), Ledger(chosen.home / "sent.json", url or os.environ.get("AGENTOBS_URL") or "")
    plan, passed = _planned(paths, known)
    fresh = [found for found in plan if again or not ledger.has(found.path)]
    sent = Sent()
    with _bar(sum(found.size_bytes for found in fresh), quiet=quiet) as moved:
        for found in fresh:
            one = _sent(found, Sender(remote, compress, moved), ledger)
            sent.files += 1
            sent.accepted += one.accepted
            sent.rejected += one.rejected
            sent.reasons += [f"{found.path}: {reason}" for reason in one.reasons[:3]]
    remote.close()
    if not quiet:
        print(
            f"sent {count(sent.accepted)} records of {count(sent.files)} files to {remote.url}; "
            f"{count(len(plan) - len(fresh))} files had been sent before"
        )
    for reason in [*passed, *sent.reasons][:10]:
        print(one_line(f"not sent: {reason}"))
    return 1 if sent.rejected else 0


def _sent(found: "Found", sender: "Sender", ledger: "Ledger") -> Sent:
    """Send a file and remember it; one that went away meanwhile does not keep the others."""
    try:
        before = ledger.mark(found.path)
        sent = sender.file(found)
    except (SourceError, OSError) as error:
        return Sent(rejected=1, reasons=[str(error)])
    ledger.keep(found.path, before)
    return sent


def _planned(paths: Sequence[Path], known: "dict[str, Adapter]") -> "tuple[list[Found], list[str]]":
    """What is to be sent, and what of it cannot be, and why."""
    from agentobs.ingest.discover import Found, discover

    found: list[Found] = []
    passed: list[str] = []
    for path in paths:
        for item in discover(path.expanduser(), known):
            if not isinstance(item, Found):
                if not path.is_dir():
                    raise SourceError(f"cannot send {str(item.path)!r}: {item.reason}")
            elif item.adapter.is_spread or (item.adapter.unpack and _is_archive(item.path)):
                passed.append(f"{item.path}: a form of {item.adapter.title} that only `agentobs ingest` reads")
            elif item.adapter.whole and item.size_bytes > _MOST_DOCUMENT:
                passed.append(f"{item.path}: a document of {item.size_bytes:,} bytes; `agentobs ingest` reads it")
            else:
                found.append(item)
    return found, passed


def _is_archive(path: Path) -> bool:
    from agentobs.ingest.documents import HEAD, is_archive

    with path.open("rb") as file:
        return is_archive(file.read(HEAD))


class Sender:
    """Sends one file after the other."""

    def __init__(self, remote: Remote, compress: Coding, moved: Callable[[int], None]) -> None:
        self._remote = remote
        self._compress = _coder(compress)
        self._coding = compress
        self._moved = moved

    def file(self, found: "Found") -> Sent:
        """Send a file from its beginning, and again from there when an answer did not come.

        The server keeps what lines need of those before them under the name of the stream. A new name begins anew, so
        that the same lines give the same events, however much of them had come before.
        """
        for attempt in range(_ATTEMPTS):
            try:
                return self._pass(found)
            except ServerUnavailable as error:
                if attempt == _ATTEMPTS - 1 or not error.retryable:
                    raise
                sleep(min(2.0**attempt / 2, _MOST_PAUSE_S))
        raise AssertionError("the last attempt returns or raises")

    def _pass(self, found: "Found") -> Sent:
        adapter, sent = found.adapter, Sent()
        stream = f"{secrets.token_hex(4)}{found.path}"
        query = urlencode({"adapter": adapter.name, "stream": stream})
        for start, body in batches(found.path, whole=adapter.whole):
            # Equal lines in two batches are two; and events without an id are named after their place in the request.
            place = f"{socket.gethostname()}\0{found.path}\0{start}"
            key = hashlib.blake2b(place.encode(), digest_size=16).hexdigest()
            headers = {"content-type": "application/x-ndjson", "idempotency-key": key}
            if self._coding != "none":
                headers["content-encoding"] = self._coding
            self._count(self._posted(f"/v1/events?{query}", self._compress(body), headers), sent)
            self._moved(len(body))
        return sent

    def _posted(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Post until it is taken or refused for good; what was not taken now may be sent again as it is."""
        pause = 1.0
        while (answer := self._remote.post(path, body, headers)).status in {429, 503}:
            self._remote.close()  # it would be closed meanwhile, and nobody knew what became of the next request
            sleep(min(answer.retry_after_s(pause), _MOST_PAUSE_S))
            pause = min(pause * 2, 10.0)
        return answer

    def _count(self, answer: Answer, sent: Sent) -> None:
        if answer.status in {401, 403, 404}:
            raise SettingsError(f"{self._remote.url} refuses: {answer.error}")
        if answer.status >= 500 or answer.status == 408:
            raise ServerUnavailable(f"{self._remote.url} failed: {answer.error}")
        if answer.status not in {200, 422}:
            sent.rejected += 1
            sent.reasons.append(answer.error)
            return
        try:
            told = msgspec.json.decode(answer.body, type=_Told)
        except msgspec.MsgspecError as error:
            raise ServerUnavailable(f"{self._remote.url} does not answer like agentobs: {error}") from error
        sent.accepted += told.accepted
        sent.rejected += told.rejected
        sent.reasons += [f"record {one.index} of a batch: {one.reason}" for one in told.errors[:3]]


class _Refused(msgspec.Struct):
    index: int
    reason: str


class _Told(msgspec.Struct):
    accepted: int
    rejected: int
    errors: list[_Refused] = msgspec.field(default_factory=list)


def batches(path: Path, *, whole: bool) -> Iterator[tuple[int, bytes]]:
    """Yield (offset, whole lines) of about BATCH_BYTES; of a document all of it. Half a line at the end waits."""
    from agentobs.ingest.tail import open_regular

    with open_regular(path) as file, os.fdopen(os.dup(file.fd), "rb") as lines:
        if whole:
            yield 0, lines.read(_MOST_DOCUMENT + 1)
            return
        start, size, batch = 0, 0, []
        for line in lines:
            if not line.endswith(b"\n"):
                break
            if size and size + len(line) > BATCH_BYTES:
                yield start, b"".join(batch)
                start, size, batch = start + size, 0, []
            batch.append(line)
            size += len(line)
        if batch:
            yield start, b"".join(batch)


class Ledger:
    """What was sent to a server, by file: kept in the data folder, so that unchanged files are not sent again."""

    def __init__(self, path: Path, url: str) -> None:
        self._path = path
        self._url = url
        try:
            self._all = msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, Mark]])
        except (OSError, msgspec.MsgspecError):  # it only saves work
            self._all = {}

    def has(self, path: Path) -> bool:
        """Tell whether a file was sent as it is now."""
        return self._all.get(self._url, {}).get(str(path)) == self.mark(path)

    def mark(self, path: Path) -> Mark:
        """Return what tells whether a file has changed."""
        status = path.stat()
        return Mark(status.st_size, status.st_mtime_ns, status.st_ino)

    def keep(self, path: Path, mark: Mark) -> None:
        """Remember a file as it was before it was sent."""
        self._all.setdefault(self._url, {})[str(path)] = mark
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        draft.write_bytes(msgspec.json.encode(self._all))
        draft.replace(self._path)


def _coder(compress: Coding) -> Callable[[bytes], bytes]:
    if compress == "zstd":
        import zstandard

        return zstandard.ZstdCompressor(level=3).compress
    if compress == "gzip":
        import gzip

        return lambda body: gzip.compress(body, 5)
    return lambda body: body


@contextmanager
def _bar(size_bytes: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on the terminal, if there is one."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _: None
        return
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=size_bytes)
        yield lambda more: bar.update(task, advance=more)
