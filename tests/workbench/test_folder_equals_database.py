"""A folder gives the frames that a database gives which ingested it, in whatever order."""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest

from agentobs.ingest import backfill, indexing
from agentobs.ingest.discover import Found
from agentobs.redaction import load_key
from agentobs.settings import Settings
from agentobs.workbench import Workbench
from agentobs.workbench.database import Database
from agentobs.workbench.folder import Folder
from tests.workbench import tiny

ROOT = Path(__file__).parents[2]
LOGS = {
    "samples": ROOT / "data" / "claude_code",
    "fixtures": ROOT / "tests" / "fixtures" / "claude_code",
    "real logs": ROOT.parent / "shared" / "logs" / "claude_code",
    "codex fixtures": ROOT / "tests" / "fixtures" / "codex",
    "without times": ROOT / "tests" / "fixtures" / "swe_agent",
}
ORDERS: dict[str, Callable[[list[Found]], list[Found]]] = {
    "largest first": lambda found: found,
    "smallest first": lambda found: found[::-1],
    "shuffled": lambda found: Random(3).sample(found, len(found)),
}
FRAMES = ("events", "sessions", "tool_calls", "model_calls", "edits", "messages", "contents", "steps")
GROUPS = ("day", "hour", "model", "project", "agent", "session", ("day", "model"), ("project", "agent", "hour"))


def settings(home: Path) -> Settings:
    return Settings(home=home)


def ingested(url: str, path: Path, home: Path, order: Callable[[list[Found]], list[Found]]) -> Workbench:
    """A workbench on a database that read a folder in an order of its files."""
    job = backfill.Job(url=url, redaction_key=load_key(settings(home).redaction_key))
    outcomes = list(backfill.run(job, order(backfill.plan([path]).found), lambda progress: None))
    assert [outcome.error for outcome in outcomes if outcome.error] == []
    return Workbench(Database(url, settings(home)))


def assert_equal(folder: Workbench, database: Workbench, **filters: Any) -> None:
    """Every frame of both is the same to the last digit; only the numbers of the sources are their own."""
    found = [difference(name, *(getattr(bench, name)(**filters) for bench in (folder, database))) for name in FRAMES]
    for by in GROUPS:
        for zone in ("UTC", "Europe/Zurich", "America/St_Johns") if "day" in by else ("UTC",):
            both = (bench.usage(by, tz=zone, **filters) for bench in (folder, database))
            found.append(difference(f"usage by {by} in {zone}", *both))
    if any(found):
        pytest.fail(f"folder (left) and database (right) differ, with filters {filters}: {''.join(found)}")


def difference(name: str, ours: pd.DataFrame, theirs: pd.DataFrame) -> str:
    ours, theirs = (data.drop(columns="source_id", errors="ignore") for data in (ours, theirs))
    try:
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    except AssertionError as error:
        return f"\n{name}: {error}\n"
    return ""


def some_filters(bench: Workbench) -> list[dict[str, Any]]:
    """Filters that leave something in and something out of these logs."""
    events, sessions = bench.events(), bench.sessions()
    times = events["ts"].sort_values(ignore_index=True)
    middle, late = times[len(times) // 2], times[len(times) * 3 // 4]
    names = {
        "project": events["project"], "session": sessions["session_id"], "model": bench.model_calls()["model"],
        "tool": bench.tool_calls()["tool_name"], "type": events["type"],
    }  # fmt: skip
    found: list[dict[str, Any]] = [{"since": middle}, {"until": middle}, {"since": middle, "until": late}]
    for name, values in names.items():
        common = values.dropna().value_counts().index.tolist()
        found += [{name: common[0]}, {name: common[1::2]}, {name: common[0], "since": middle}] if common else []
    return [*found, {"agent": "claude_code"}, {"agent": "codex"}, {"project": "/nowhere"}, {"session": []}]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("logs", LOGS)
def test_every_frame_is_the_same_from_files_and_from_a_database_in_any_order(
    logs: str, order: str, database_url: str, tmp_path: Path
) -> None:
    if not LOGS[logs].is_dir():
        pytest.skip(f"no {logs}: {LOGS[logs].name} is not here")
    with (
        Workbench(Folder(LOGS[logs], settings(tmp_path))) as folder,
        ingested(database_url, LOGS[logs], tmp_path, ORDERS[order]) as database,
    ):
        assert len(folder.events()) > 0
        assert_equal(folder, database)
        ids = folder.events()["event_id"].tolist()
        pd.testing.assert_series_equal(folder.raw(ids), database.raw(ids))
        for filters in some_filters(folder) if order == "largest first" else ():
            assert_equal(folder, database, **filters)


def test_what_knows_no_times_is_of_no_day_and_in_no_range(database_url: str, tmp_path: Path) -> None:
    """Times that only keep the order of a source must not look like times."""
    path = LOGS["without times"]
    with (
        Workbench(Folder(path, settings(tmp_path))) as folder,
        ingested(database_url, path, tmp_path, ORDERS["largest first"]) as database,
    ):
        for bench in (folder, database):
            for by in ("day", "hour", ("session", "day")):
                spent = bench.usage(by)
                assert spent["model_calls"].sum() > 0
                assert spent["hour" if by == "hour" else "day"].isna().all()
            for frame in ("sessions", "events", "model_calls", "tool_calls", "edits", "messages"):
                read = getattr(bench, frame)
                assert len(read()) > 0
                assert read(until="2034-01-01").empty, frame
                assert read(since="2000-01-01").empty, frame
            assert bench.usage("agent", until="2034-01-01").empty
        found = folder.findings()
        assert len(found) > 0
        assert found[["started_at", "ended_at"]].isna().all(axis=None)


QUERIES = ("the", "error", '"not found"', "test -error", "shop/cart.py or read", "fixed files", "a", "xyzzy")


@pytest.mark.parametrize("logs", LOGS)
def test_a_search_finds_the_same_in_files_and_in_a_database(logs: str, database_url: str, tmp_path: Path) -> None:
    if not LOGS[logs].is_dir():
        pytest.skip(f"no {logs}: {LOGS[logs].name} is not here")
    with (
        Workbench(Folder(LOGS[logs], settings(tmp_path))) as folder,
        ingested(database_url, LOGS[logs], tmp_path, ORDERS["shuffled"]) as database,
    ):
        assert indexing.index(database_url) > 0
        found = 0
        cases: list[dict[str, Any]] = [{}, {"errors": True}, *some_filters(folder)]
        for filters in cases:
            if "model" in filters:
                continue
            for query in QUERIES if filters in ({}, {"errors": True}) else QUERIES[:2]:
                ours, theirs = (bench.search(query, limit=10_000, **filters) for bench in (folder, database))
                difference_ = difference(f"{query} with {filters}", ours, theirs)
                assert not difference_, difference_
                found += len(ours)
        assert found > 0


def said(session: str, name: str, ts: float, **fields: Any) -> dict[str, Any]:
    return {
        "session": session,
        "id": name,
        "ts": ts,
        "type": "user_interaction",
        "role": "user",
        "says": name,
        **fields,
    }


def answered(session: str, name: str, ts: float, output: int, **fields: Any) -> dict[str, Any]:
    usage = {"input_tokens": 1, "output_tokens": output}
    return said(session, name, ts, type="llm_response", role="assistant", usage=usage, model="claude-sonnet-4-5",
                usage_key=f"message-{name[0]}", **fields)  # fmt: skip


CALL = {"tool_call_id": "toolu_0123456789abcdefgh", "tool_name": "Write", "type": "file_write"}
RESULT = {"tool_call_id": "toolu_0123456789abcdefgh", "type": "tool_result", "status": "ok", "lines_added": 3}
COPIES: dict[str, dict[str, Sequence[dict[str, Any]]]] = {
    "three sessions share one record": {
        "a": [said("a", "x", 10), said("a", "1", 11)],
        "b": [said("b", "0", 7), said("b", "x", 10), said("b", "2", 12)],
        "c": [said("c", "00", 5), said("c", "x", 10), said("c", "3", 13)],
    },
    "a fork of a fork": {
        "a": [said("a", "1", 1), said("a", "2", 2)],
        "b": [said("b", "1", 1), said("b", "2", 2), said("b", "3", 3)],
        "c": [said("c", "1", 1), said("c", "2", 2), said("c", "3", 3), said("c", "4", 4)],
    },
    "forks of one parent": {
        "a": [said("a", "1", 1), said("a", "2", 2)],
        "b": [said("b", "1", 1), said("b", "3", 3)],
        "c": [said("c", "1", 1), said("c", "4", 4)],
    },
    "two files of one session, and another session between them": {
        "a1": [said("a", "x", 10), said("a", "1", 11)],
        "a2": [said("a", "0", 5), said("a", "x", 10)],
        "b": [said("b", "2", 7), said("b", "x", 10)],
    },
    "two files of one session": {
        "a1": [said("a", "x", 10), said("a", "1", 11)],
        "a2": [said("a", "0", 5), said("a", "-", 6, working_directory="/p"), said("a", "x", 10, branch="main")],
    },
    "one file holds the copy of another session first": {
        "b": [said("b", "x", 1), said("a", "x", 1), said("b", "2", 2), said("a", "3", 3)],
        "c": [said("c", "x", 1), said("c", "4", 4)],
    },
    "what follows from earlier lines differs between copies": {
        "a": [said("a", "1", 1, **CALL, file_path="/f"),
              said("a", "2", 2, **RESULT, call_type="file_write", tool_name="Write", file_path="/f")],
        "b": [said("b", "2", 2, **RESULT), said("b", "3", 3)],
        "c": [said("c", "0", 0), said("c", "2", 2, **RESULT)],
    },
    "a call and its results in three files": {
        "a": [said("a", "1", 1, **CALL, file_path="/f")],
        "b": [said("b", "1b", 1.5, **CALL, file_path="/g"), said("b", "2", 2, **RESULT)],
        "c": [said("c", "2c", 2.5, **(RESULT | {"status": "error"})), said("c", "9", 9)],
    },
    "a call without a result, a result without a call, short ids in two sessions": {
        "a": [said("a", "1", 1, type="command_execute", tool_call_id="u1"),
              said("a", "2", 2, type="tool_result", tool_call_id="u2")],
        "b": [said("b", "3", 1, type="command_execute", tool_call_id="u1"),
              said("b", "4", 2, type="tool_result", tool_call_id="u2", call_type="test_run", status="ok")],
    },
    "one response in many snapshots": {
        "a": [answered("a", "m1", 1, 5), answered("a", "m2", 2, 50), answered("a", "m3", 3, 7)],
        "b": [answered("b", "m1", 1, 5), answered("b", "m4", 4, 50, working_directory="/p")],
        "c": [answered("c", "m5", 0, 900, is_sidechain=True, thread_id="t"), answered("c", "n1", 6, 3)],
    },
    "all that a session says belongs to others": {
        "a": [said("a", "0", 0), said("a", "1", 1), answered("a", "m", 2, 5)],
        "b": [said("b", "1", 1), answered("b", "m", 2, 5)],
    },
    "titles and prompts move with their events": {
        "a": [said("a", "1", 1), said("a", "t1", 2, type="context_switch", role="system", title="one")],
        "b": [said("b", "0", 0), said("b", "1", 1),
              said("b", "t1", 2, type="context_switch", role="system", title="one"),
              said("b", "t2", 3, type="context_switch", role="system", title="two")],
    },
    "a directory is known only later": {
        "a": [said("a", "1", 1), said("a", "2", 2, working_directory="/p"), said("a", "3", 3)],
        "b": [said("b", "4", 4, working_directory="/q/r"), said("b", "5", 5, working_directory="/q"),
              said("b", "6", 6)],
    },
    "a conflict inside a file": {
        "a": [said("a", "1", 1), {**said("a", "1", 1), "says": "otherwise"}, said("a", "2", 2)],
    },
    "times that nobody knows": {
        "a": [said("a", "1", 1, ts_quality="clamped"), said("a", "2", 2), said("a", "3", 3, ts_quality="none")],
        "b": [said("b", "4", 4, ts_quality="none", says="NUL \0 inside")],
    },
}  # fmt: skip


@pytest.fixture
def tiny_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "adapters", lambda taught=(): {"tiny": tiny.ADAPTER})


@pytest.mark.usefixtures("tiny_only")
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("case", COPIES)
def test_copies_have_the_same_owner_in_any_order(case: str, order: str, embedded_url: str, tmp_path: Path) -> None:
    tiny.write(tmp_path / "logs", COPIES[case])
    with (
        Workbench(Folder(tmp_path / "logs", settings(tmp_path))) as folder,
        ingested(embedded_url, tmp_path / "logs", tmp_path, ORDERS[order]) as database,
    ):
        assert_equal(folder, database)
