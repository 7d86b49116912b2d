"""R19: a tree full of what is no session file: each is passed over with a reason, and the sessions are read."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from agentobs.ingest import backfill
from agentobs.ingest.discover import Found, PassedOver, discover
from agentobs.ingest.worker import Worker
from tests.faults import simple

KNOWN = {"simple": simple.ADAPTER}
ROOT = Path(__file__).parents[2]
GOOD = ("a.jsonl", "folder.jsonl/b.jsonl", "deep/er/c.jsonl")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Three sessions among links that lead in circles, FIFOs, devices, and folders named like files."""
    root = tmp_path / "logs"
    for name in GOOD:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(simple.line(name) + b"\n")
    (root / "loop").symlink_to(root)
    (root / "deep" / "up.jsonl").symlink_to("..")
    (root / "itself.jsonl").symlink_to("itself.jsonl")
    (root / "twice.jsonl").symlink_to("a.jsonl")
    (root / "nowhere.jsonl").symlink_to("gone")
    (root / "zero.jsonl").symlink_to("/dev/zero")
    os.mkfifo(root / "fifo.jsonl")
    (root / "empty.jsonl").touch()
    (root / "other.jsonl").write_bytes(b"something else\n")
    (root / "notes.txt").write_bytes(simple.line("not a session") + b"\n")
    (root / "name\udcff.jsonl").write_bytes(b"\xff\xfe\n")
    return root


def test_what_is_no_session_is_passed_over_with_a_reason(tree: Path) -> None:
    """R19: nothing blocks, nothing is read twice."""
    found = list(discover(tree, KNOWN))
    assert [str(item.path.relative_to(tree)) for item in found if isinstance(item, Found)] == sorted(GOOD)
    reasons = {str(item.path.relative_to(tree)): item.reason for item in found if isinstance(item, PassedOver)}
    assert reasons.pop("fifo.jsonl") == "not a regular file"
    assert reasons.pop("empty.jsonl") == "empty"
    assert reasons.pop("other.jsonl") == "no format that we know"
    assert reasons.pop("name\udcff.jsonl") == "no format that we know"
    links = {"loop", "deep/up.jsonl", "itself.jsonl", "twice.jsonl", "nowhere.jsonl", "zero.jsonl"}
    assert reasons.keys() == links
    assert Counter(reasons.values()) == {"a link: what it leads to is read where it lies": len(links)}


def test_files_that_vanish_or_change_their_kind_before_they_are_read_do_no_harm(tree: Path, database_url: str) -> None:
    """R19: between looking and reading one is deleted, one becomes a FIFO, one a link."""
    files = {name: tree / f"{name}.jsonl" for name in ("vanishes", "fifo2", "links", "folder2")}
    for name, path in files.items():
        path.write_bytes(simple.line(name) + b"\n")
    plan = backfill.plan([tree], KNOWN)
    assert len(plan.found) == len(GOOD) + len(files)
    for path in files.values():
        path.unlink()
    os.mkfifo(files["fifo2"])
    files["links"].symlink_to("/dev/zero")
    files["folder2"].mkdir()
    with Worker(database_url, None) as worker:
        outcomes = worker.ingest_all([(item.path, item.adapter) for item in plan.found])
    errors = {Path(outcome.path).stem: outcome.error for outcome in outcomes if outcome.error}
    assert errors == {
        "vanishes": "no such file or directory",
        "fifo2": "not a regular file",
        "links": "a link",
        "folder2": "not a regular file",
    }
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT summary FROM agent_events").fetchall()
    assert sorted(name for (name,) in rows) == sorted(GOOD)


LOOK = """
import json, os, sys
from pathlib import Path
from agentobs.ingest.discover import Found, discover
from tests.faults import simple
if os.geteuid() == 0:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
found = discover(Path(sys.argv[1]), {"simple": simple.ADAPTER})
print(json.dumps([(Path(i.path).name, None if isinstance(i, Found) else i.reason) for i in found]))
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that others may enter: pytest's own are closed to them."""
    with tempfile.TemporaryDirectory(prefix="agentobs-tree-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def test_what_may_not_be_read_is_passed_over_with_a_reason(open_folder: Path) -> None:
    """R19: EACCES of a file and of a folder, as a user who is not root."""
    closed, locked = open_folder / "closed.jsonl", open_folder / "locked"
    locked.mkdir()
    for path in (open_folder / "open.jsonl", closed, locked / "x.jsonl"):
        path.write_bytes(simple.line(path.stem) + b"\n")
    closed.chmod(0)
    locked.chmod(0)
    try:
        answer = subprocess.run(
            [sys.executable, "-c", LOOK, str(open_folder)], cwd=ROOT, capture_output=True, text=True, check=True
        )
    finally:
        closed.chmod(0o600)
        locked.chmod(0o700)
    assert json.loads(answer.stdout) == [
        ["closed.jsonl", "permission denied"],
        ["locked", "permission denied"],
        ["open.jsonl", None],
    ]
