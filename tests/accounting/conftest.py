"""Reads session files as a user does: into a fresh database, and straight from the folder; both must say the same."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import permutations
from pathlib import Path

import pandas as pd
import pytest

from agentobs.ingest import backfill
from agentobs.redaction import load_key
from agentobs.settings import Settings
from agentobs.workbench import Workbench
from agentobs.workbench.database import Database
from agentobs.workbench.folder import Folder
from tests.accounting import records

FRAMES = ("model_calls", "sessions", "tool_calls", "events")
GROUPS = ("day", "hour", "model", "project", "agent", "session")
SUMS = (
    "input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "total_tokens",
    "cost_usd",
    "unpriced_calls",
    "model_calls",
)

Files = Mapping[str, Sequence[records.Record | bytes]]


class Reader:
    """Writes and reads files; every look at the numbers compares a database with the folder, and sums with parts."""

    def __init__(self, url: str, root: Path) -> None:
        self.url = url
        self.logs = root / "projects" / "shop"
        self.settings = Settings(home=root / "home")
        self.benches = ExitStack()

    def __call__(self, files: Files, order: Sequence[str] | None = None) -> Workbench:
        """Write files, read them in an order (default: as given), and return the frames."""
        paths = dict(zip(files, records.write(self.logs, files), strict=True))
        for place in order or files:
            self.ingest(paths[place])
        return self.look()

    def append(self, place: str, *lines: records.Record | bytes) -> Workbench:
        """Write more lines to a file, read what is new, and return the frames."""
        path = self.logs / f"{place}.jsonl"
        with path.open("ab") as file:
            file.write(b"".join(records.line_of(line) + b"\n" for line in lines))
        self.ingest(path)
        return self.look()

    def ingest(self, path: Path) -> None:
        """Read a file, or all below a folder, into the database."""
        job = backfill.Job(url=self.url, redaction_key=load_key(self.settings.redaction_key))
        found = backfill.plan([path]).found
        assert found, f"no session file found at {path}"
        errors = [outcome.error for outcome in backfill.run(job, found, lambda _: None) if outcome.error]
        assert errors == []

    def look(self) -> Workbench:
        """Return the database's frames, after they were held against the folder's."""
        database = self.benches.enter_context(Workbench(Database(self.url, self.settings)))
        folder = self.benches.enter_context(Workbench(Folder(self.logs, self.settings)))
        assert_same(database, folder)
        assert_adds_up(database)
        return database


def assert_same(database: Workbench, folder: Workbench) -> None:
    """The database and the folder give the same frames, to the last digit."""
    for frame in FRAMES:
        ours, theirs = (
            getattr(bench, frame)().drop(columns="source_id", errors="ignore") for bench in (database, folder)
        )
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True, obj=f"{frame} (database left, folder right)")
    for by in GROUPS:
        ours, theirs = (bench.usage(by, tz="Europe/Zurich") for bench in (database, folder))
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True, obj=f"usage by {by}")
    ours, theirs = (bench.physical().drop(columns="source_id").sort_values("path") for bench in (database, folder))
    pd.testing.assert_frame_equal(ours.reset_index(drop=True), theirs.reset_index(drop=True), obj="physical")


def assert_adds_up(bench: Workbench) -> None:
    """Calls, sessions and every way to group usage have the same totals."""
    whole = bench.model_calls()
    assert whole["usage_key"].is_unique
    expected = sums(whole.assign(model_calls=1, unpriced_calls=whole["cost_usd"].isna(), total_tokens=_total(whole)))
    assert sums(bench.sessions()) == pytest.approx(expected, rel=1e-12, nan_ok=True)
    for by in GROUPS:
        assert sums(bench.usage(by)) == pytest.approx(expected, rel=1e-12, nan_ok=True), by


def sums(data: pd.DataFrame) -> dict[str, float]:
    """The totals of a frame; NaN: nothing in it is known."""
    totals = {name: data[name].astype("Float64").sum(min_count=1 if name == "cost_usd" else 0) for name in SUMS}
    return {name: float("nan") if pd.isna(total) else float(total) for name, total in totals.items()}


def _total(calls: pd.DataFrame) -> pd.Series:
    lanes = ["input_tokens", "output_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"]
    return calls[lanes].fillna(0).sum(axis=1)


def in_every_order(*places: str) -> pytest.MarkDecorator:
    """Runs a test with `order` being every order of the files."""
    return pytest.mark.parametrize("order", list(permutations(places)), ids=" ".join)


@pytest.fixture
def read(embedded_url: str, tmp_path: Path) -> Iterator[Reader]:
    """Reads files into an embedded database."""
    reader = Reader(embedded_url, tmp_path)
    with reader.benches:
        yield reader


@pytest.fixture
def read_everywhere(database_url: str, tmp_path: Path) -> Iterator[Reader]:
    """Reads files into an embedded database, and into TimescaleDB."""
    reader = Reader(database_url, tmp_path)
    with reader.benches:
        yield reader
