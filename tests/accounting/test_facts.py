"""Real session files, each read alone, against facts that were counted from them by other means.

The facts count lines of type `assistant` only, and `<synthetic>` ones too; DIFFERENCES says where and why we differ.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from agentobs.settings import Settings
from agentobs.workbench import Workbench
from agentobs.workbench.folder import Folder

LOGS = Path(__file__).parents[3] / "shared" / "logs"
FACTS = LOGS / "facts.json"
SAME = ("api_calls", "models", "input", "output", "cache_creation", "cache_read", "tool_uses", "tool_results",
        "tool_result_errors", "sessions", "first", "last", "compactions")  # fmt: skip

PROGRESS = "a subagent whose own file is not there counts from its progress records, which the facts leave out"
SYNTHETIC = "messages that the client made itself are no calls"
DOUBLED = "the file repeats records; a call and its result count once, the facts count error lines"
NAMELESS = "a result without an id is an event, but no call can be joined with it"
LOOSE = "a tool_use that is a record of its own is a call too"
BOOKKEEPING = "the first or last record is bookkeeping without a fact of its own (snapshot, queue, hook), so no event"
TRIMMED = "the last timestamp in the file is a text that is no time"

# file: {fact: (what the facts say, what we say, why)}
DIFFERENCES: dict[str, dict[str, tuple[Any, Any, str]]] = {
    "4b2030ed-5563-49ea-b703-6a002f2d3cc8.jsonl": {
        "api_calls": (2, 3, PROGRESS),
        "models": ({"claude-opus-4-5-20251101": 2}, {"claude-opus-4-5-20251101": 3}, PROGRESS),
        "input": (18, 21, PROGRESS),
        "output": (4, 5, PROGRESS),
        "cache_creation": (6682, 18242, PROGRESS),
        "tool_uses": (1, 2, PROGRESS),
        "tool_results": (1, 2, PROGRESS),
    },
    "8ebc42a2-75ff-4391-80d5-530c9aed5dbf.jsonl": {
        "api_calls": (14, 26, PROGRESS),
        "models": ({"claude-opus-4-6": 14}, {"claude-opus-4-6": 14, "claude-haiku-4-5-20251001": 12}, PROGRESS),
        "input": (22, 1071, PROGRESS),
        "output": (1473, 1499, PROGRESS),
        "cache_creation": (38_107, 147_067, PROGRESS),
        "cache_read": (538_240, 937_746, PROGRESS),
        "tool_uses": (16, 43, PROGRESS),
        "tool_results": (16, 43, PROGRESS),
    },
    "general-tool-calls.jsonl": {
        "api_calls": (56, 54, SYNTHETIC),
        "models": (
            {"claude-opus-4-5-20251101": 53, "<synthetic>": 2, "claude-haiku-4-5-20251001": 1},
            {"claude-opus-4-5-20251101": 53, "claude-haiku-4-5-20251001": 1},
            SYNTHETIC,
        ),
        "tool_result_errors": (7, 5, DOUBLED),
    },
    "large.jsonl": {"tool_results": (1, 0, NAMELESS)},
    "schema_drift.jsonl": {"tool_uses": (0, 1, LOOSE)},
    "small.jsonl": {
        "tool_results": (2, 1, NAMELESS),
        "tool_result_errors": (1, 0, NAMELESS),
        "last": ("[trimmed for fixture]", "2026-04-16T20:10:42.522Z", TRIMMED),
    },
    "agent-a0ad4f44468bdf20d.jsonl": {"tool_results": (1, 0, NAMELESS)},
}
for file, fact, theirs, ours in (
    ("4b2030ed-5563-49ea-b703-6a002f2d3cc8.jsonl", "first", "2026-01-21T20:52:08.342Z", "2026-01-21T20:53:19.229Z"),
    ("4b2030ed-5563-49ea-b703-6a002f2d3cc8.jsonl", "last", "2026-01-21T20:54:17.054Z", "2026-01-21T20:54:16.990Z"),
    ("general-tool-calls.jsonl", "first", "2026-01-21T15:30:16.868Z", "2026-01-21T15:30:16.888Z"),
    ("images-in-user-messages.jsonl", "first", "2026-02-03T06:17:55.580Z", "2026-02-03T06:17:55.835Z"),
    ("0fccf939-a272-4ef8-a9d0-01c7df276089.jsonl", "last", "2026-02-12T08:27:12.927Z", "2026-02-12T08:27:12.426Z"),
    ("741b05e6-84c8-432c-a011-e8c1bf67b94c.jsonl", "last", "2026-02-13T11:35:32.565Z", "2026-02-13T11:35:32.537Z"),
    ("50481e49-cee4-48a1-9c83-4a1ba5856ed4.jsonl", "last", "2026-02-17T15:06:11.439Z", "2026-02-17T15:06:11.378Z"),
    ("9baef004-ea21-4f67-acf2-16ad2d84098a.jsonl", "last", "2026-02-13T11:37:51.208Z", "2026-02-13T11:37:50.315Z"),
    ("schema_drift.jsonl", "last", "2026-04-16T20:10:42.522Z", "2026-03-31T00:00:05.000Z"),
    ("agent-a0ad4f44468bdf20d.jsonl", "last", "2025-12-16T00:00:02.500Z", "2025-12-16T00:00:02.400Z"),
):
    DIFFERENCES.setdefault(file, {})[fact] = (theirs, ours, BOOKKEEPING)


def real_files() -> Iterator[Any]:
    """Every session file with its facts; one that is skipped where the files are not here."""
    if not FACTS.is_file():
        yield pytest.param(
            "", {}, marks=pytest.mark.skip(reason=f"no real session files: {FACTS} is not here"), id="none"
        )
        return
    for entry in json.loads(FACTS.read_bytes()):
        if entry["format"] == "claude_code" and entry["file"].endswith(".jsonl"):
            yield pytest.param(entry["file"].removeprefix("dev/"), entry["facts"], id=Path(entry["file"]).name)


@pytest.mark.parametrize(("file", "facts"), list(real_files()))
def test_a_real_file_has_the_facts_that_were_counted(file: str, facts: dict[str, Any], tmp_path: Path) -> None:
    with Workbench(Folder(LOGS / file, Settings(home=tmp_path))) as bench:
        ours = facts_of(bench)
    theirs = {fact: facts[fact] for fact in SAME}
    for fact in ("first", "last"):
        theirs[fact] = theirs[fact] and re.sub(r":(\d\d)Z$", r":\1.000Z", theirs[fact])
    explained = DIFFERENCES.get(Path(file).name, {})
    differing = {fact: (theirs[fact], ours[fact]) for fact in SAME if theirs[fact] != ours[fact]}
    assert differing == {fact: (said, found) for fact, (said, found, _) in explained.items()}


def test_every_explained_difference_is_of_a_file_that_is_there() -> None:
    if not FACTS.is_file():
        pytest.skip(f"no real session files: {FACTS} is not here")
    files = {Path(entry["file"]).name for entry in json.loads(FACTS.read_bytes())}
    assert set(DIFFERENCES) <= files


def facts_of(bench: Workbench) -> dict[str, Any]:
    """What the frames say of the same things."""
    calls, tools, sessions = bench.model_calls(), bench.tool_calls(), bench.sessions()
    writes = calls[["cache_write_5m_tokens", "cache_write_1h_tokens"]]
    return {
        "api_calls": len(calls),
        "models": calls["model"].value_counts().to_dict(),
        "input": int(calls["input_tokens"].sum()),
        "output": int(calls["output_tokens"].sum()),
        "cache_creation": int(writes.fillna(0).sum().sum()),
        "cache_read": int(calls["cache_read_tokens"].sum()),
        "tool_uses": int(tools["event_id"].notna().sum()),
        "tool_results": int(tools["result_event_id"].notna().sum()),
        "tool_result_errors": int(tools["status"].isin(["error", "denied", "interrupted"]).sum()),
        "sessions": len(sessions),
        "first": _written(sessions["started_at"].min()),
        "last": _written(sessions["ended_at"].max()),
        "compactions": int(sessions["compactions"].sum()),
    }


def _written(at: pd.Timestamp) -> str | None:
    return None if pd.isna(at) else f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
