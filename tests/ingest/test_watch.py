"""Following a folder: what is appended or appears is read as it comes, by events or by polling."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from agentobs.ingest import backfill, watch
from agentobs.ingest.backfill import Job
from agentobs.ingest.watch import Follower
from agentobs.ingest.worker import Outcome
from tests.cli.sessions import lines

KNOWN = backfill.adapters()
PATIENCE_S = 60.0


class Following:
    """A follower in a thread, and what it reported."""

    def __init__(self, url: str, roots: list[Path], **options: object) -> None:
        self.outcomes: queue.Queue[Outcome] = queue.Queue()
        self.waits: queue.Queue[Exception] = queue.Queue()
        self.follower = Follower(Job(url=url, redaction_key=bytes(32)), roots, KNOWN, **options)
        self.thread = threading.Thread(target=self.follower.run, args=(self.outcomes.put, self.waits.put))

    def next(self) -> Outcome:
        return self.outcomes.get(timeout=PATIENCE_S)


@contextmanager
def following(url: str, *roots: Path, **options: object) -> Iterator[Following]:
    running = Following(url, list(roots), **options)
    running.thread.start()
    try:
        yield running
    finally:
        running.follower.stop()
        running.thread.join(timeout=PATIENCE_S)
        assert not running.thread.is_alive()


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def started(folder: Path, name: str) -> tuple[Path, list[str]]:
    """A file with a session's first line, and the lines that come next."""
    first, *rest = lines(name, ["m", "m", "m"])
    path = folder / f"{name}.jsonl"
    path.write_text(first + "\n", encoding="utf-8")
    return path, rest


@pytest.mark.parametrize("polling", [False, True])
def test_appended_lines_are_read_and_half_a_line_waits(embedded_url, tmp_path, polling):
    path, rest = started(tmp_path, "one")
    with following(embedded_url, tmp_path, polling=polling) as running:
        assert running.next().events == 1
        append(path, rest[0] + "\n" + rest[1][:40])
        assert running.next().events == 1
        append(path, rest[1][40:])  # whole, but for its newline
        append(path, "\n")
        assert running.next().events == 1
    assert running.outcomes.empty()


def test_a_file_in_a_new_folder_is_found(embedded_url, tmp_path):
    with following(embedded_url, tmp_path, rescan_s=2.0) as running:
        deep = tmp_path / "new" / "deeper"
        deep.mkdir(parents=True)
        path, _ = started(deep, "one")
        (deep / "notes.txt").write_text("no session")
        assert running.next().path == str(path)


def test_a_replaced_file_is_read_as_a_new_one(embedded_url, tmp_path):
    path, rest = started(tmp_path, "one")
    with following(embedded_url, path) as running:
        assert running.next().stored == 1
        other = tmp_path / "other.tmp"
        other.write_text("\n".join(lines("two", ["m"])) + "\n", encoding="utf-8")
        other.replace(path)
        assert running.next().stored == 2
        append(path, rest[0] + "\n")
        assert running.next().stored == 1


def test_an_outage_is_waited_out(embedded_url, tmp_path, monkeypatch):
    path, rest = started(tmp_path, "one")
    monkeypatch.setattr(watch, "_RETRY_S", 0.0)
    with following(embedded_url, tmp_path) as running, psycopg.connect(embedded_url, autocommit=True) as admin:
        assert running.next().stored == 1
        name = admin.info.dbname
        with psycopg.connect(embedded_url.replace(name, "postgres", 1), autocommit=True) as other:
            other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            append(path, rest[0] + "\n")
            running.waits.get(timeout=PATIENCE_S)
            other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
        assert running.next().stored == 1


def test_where_the_system_reports_no_changes_it_looks_and_says_so(embedded_url, tmp_path, monkeypatch):
    def no_events(*_: Path, **__: object):
        raise OSError(28, "OS file watch limit reached")

    monkeypatch.setattr(watch.watchfiles, "watch", no_events)
    path, rest = started(tmp_path, "one")
    warnings: list[str] = []
    with following(embedded_url, tmp_path, warn=warnings.append) as running:
        assert running.next().events == 1
        append(path, rest[0] + "\n")
        assert running.next().events == 1
    assert len(warnings) == 1
    assert "limit reached" in warnings[0]


@pytest.mark.parametrize("how", ["event", "rescan"])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_links_are_not_followed_out_of_the_root(embedded_url, tmp_path, how, kind):
    for folder in ("root", "out"):
        (tmp_path / folder).mkdir()
    outside, _ = started(tmp_path / "out", "outside")
    link = tmp_path / "root" / ("link.jsonl" if kind == "file" else "link")
    if how == "rescan":
        link.symlink_to(outside if kind == "file" else outside.parent)
    with following(embedded_url, tmp_path / "root") as running:
        first, _ = started(tmp_path / "root", "one")
        assert running.next().path == str(first)
        if how == "event":
            link.symlink_to(outside if kind == "file" else outside.parent)
        second, _ = started(tmp_path / "root", "two")
        assert running.next().path == str(second)
