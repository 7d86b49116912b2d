"""The sample sessions: the same every time, well-formed, with every situation that data/README.md names."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).resolve().parents[2] / "data"
SAMPLES = DATA / "claude_code"
MAX_SIZE_BYTES = 1_500_000
LONG_CONTEXT = 200_000

Record = dict[str, Any]


def make(out: Path, *arguments: str) -> str:
    command = [sys.executable, str(DATA / "make_samples.py"), "--out", str(out), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@cache
def files() -> dict[str, list[Record]]:
    return {
        name: [json.loads(line) for line in content.split(b"\n")[:-1]]
        for name, content in sorted(contents(SAMPLES).items())
        if name.endswith(".jsonl")
    }


def records() -> list[Record]:
    return [record for file in files().values() for record in file]


def blocks(*kinds: str) -> Iterator[Record]:
    for record in records():
        content = record.get("message", {}).get("content", "")
        yield from (block for block in content if isinstance(content, list) and block["type"] in kinds)


def texts(kind: str) -> list[str]:
    """What people typed, or what else stands in a user's record as a string."""
    said = [record["message"]["content"] for record in records() if record["type"] == kind]
    return [content for content in said if isinstance(content, str)]


def responses() -> dict[str, list[Record]]:
    """Lines of assistants by message id, each uuid once."""
    lines = {record["uuid"]: record for record in records() if record["type"] == "assistant"}.values()
    ordered = sorted(lines, key=lambda record: record["message"]["id"])
    return {name: list(group) for name, group in groupby(ordered, key=lambda record: record["message"]["id"])}


def results() -> list[Record]:
    return [record for record in records() if "toolUseResult" in record]


def outcome(command: str) -> list[str]:
    """For each run of a command, in the order of time: error or ok."""
    ids = {block["id"] for block in blocks("tool_use") if command in block["input"].get("command", "")}
    found = {}
    for record in results():
        block = record["message"]["content"][0]
        if block["tool_use_id"] in ids:
            found[block["tool_use_id"]] = (record["timestamp"], "error" if block.get("is_error") else "ok")
    return [said for _, said in sorted(found.values())]


def prompt_tokens(usage: Record) -> int:
    return usage["input_tokens"] + usage["cache_creation_input_tokens"] + usage["cache_read_input_tokens"]


def test_writing_them_again_gives_the_same_bytes(tmp_path: Path):
    make(tmp_path)
    assert contents(tmp_path) == contents(SAMPLES)


def test_they_are_small():
    assert sum(map(len, contents(SAMPLES).values())) < MAX_SIZE_BYTES


def test_every_file_ends_with_a_newline():
    assert all(content.endswith(b"\n") for content in contents(SAMPLES).values())


def test_every_record_with_an_envelope_follows_one_of_its_file_or_begins_a_chain():
    lost = [
        (name, record["uuid"])
        for name, file in files().items()
        for known in [{record.get("uuid") for record in file} | {None}]
        for record in file
        if record.get("parentUuid") not in known
    ]
    assert lost == []


def test_every_result_answers_a_tool_call_of_its_file():
    for file in files().values():
        content = [block for record in file for block in record.get("message", {}).get("content", [])]
        named = [block for block in content if isinstance(block, dict)]
        called = {block["id"] for block in named if block["type"] == "tool_use"}
        assert {block["tool_use_id"] for block in named if block["type"] == "tool_result"} <= called


def test_lines_of_a_response_differ_only_in_their_block_and_in_output_that_grows():
    streamed = [lines for lines in responses().values() if len(lines) > 1]
    assert len(streamed) > 50
    for lines in streamed:
        grown = [
            line["message"]["usage"]["output_tokens"] for line in sorted(lines, key=lambda line: line["timestamp"])
        ]
        assert grown == sorted(grown)
        assert len({line["requestId"] for line in lines}) == 1
        assert len({prompt_tokens(line["message"]["usage"]) for line in lines}) == 1


@pytest.mark.parametrize(
    "name",
    [
        *("Read", "Edit", "Write", "MultiEdit", "Bash", "Grep", "Glob", "TodoWrite", "Task", "Agent", "WebSearch"),
        *("mcp__context7__get-library-docs", "mcp__playwright__browser_take_screenshot"),
    ],
)
def test_a_tool_is_used(name: str):
    assert name in {block["name"] for block in blocks("tool_use")}


def test_models_and_versions():
    models = Counter(lines[0]["message"]["model"] for lines in responses().values())
    assert set(models) == {
        *("claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001", "acme-coder-1"),
        "<synthetic>",
    }
    versions = {record["version"] for record in records() if "version" in record}
    assert versions == {"1.0.98", "2.0.76", "2.1.49", "2.1.81"}


@pytest.mark.parametrize(
    ("kind", "at_least"),
    [
        *(("summary", 2), ("custom-title", 2), ("ai-title", 1), ("last-prompt", 2), ("permission-mode", 1)),
        *(("file-history-snapshot", 20), ("queue-operation", 2), ("attachment", 4), ("telemetry-pulse", 1)),
        *(("progress/bash_progress", 6), ("progress/hook_progress", 2), ("progress/agent_progress", 8)),
        *(("system/api_error", 5), ("system/compact_boundary", 2)),
        *(("system/turn_duration", 10), ("system/stop_hook_summary", 3)),
    ],
)
def test_a_kind_of_record_occurs(kind: str, at_least: int):
    found = Counter(record["type"] for record in records())
    found += Counter(f"progress/{record['data']['type']}" for record in records() if record["type"] == "progress")
    found += Counter(f"system/{record['subtype']}" for record in records() if record["type"] == "system")
    assert found[kind] >= at_least


@pytest.mark.parametrize(
    ("words", "at_least"),
    [("<command-name>", 3), ("<local-command-stdout>", 3), ("Caveat:", 3), ("This session continues", 1)],
)
def test_a_text_that_nobody_typed_occurs(words: str, at_least: int):
    assert sum(words in text for text in texts("user")) >= at_least


def test_interrupts_and_denials():
    said = [block["text"] for block in blocks("text")]
    assert said.count("[Request interrupted by user]") >= 1
    assert said.count("[Request interrupted by user for tool use]") == 3
    refused = [
        record for record in results() if str(record["toolUseResult"]).startswith("Error: The user doesn't want")
    ]
    assert len(refused) == 2


def test_one_tool_call_is_left_without_result():
    answered = {block["tool_use_id"] for block in blocks("tool_result")}
    assert len({block["id"] for block in blocks("tool_use")} - answered) == 1


def test_results_keep_patches_files_and_errors():
    kept = [record["toolUseResult"] for record in results()]
    assert sum(bool(isinstance(one, dict) and one.get("structuredPatch")) for one in kept) > 15
    assert sum(isinstance(one, dict) and "file" in one for one in kept) > 20
    assert sum(isinstance(one, str) and bool(re.match(r"Error: Exit code \d+\n", one)) for one in kept) > 10
    assert any(isinstance(one, list) for one in kept)


def test_a_patch_says_what_the_edit_did():
    kept = [record["toolUseResult"] for record in results() if isinstance(record["toolUseResult"], dict)]
    edits = [edit for edit in kept if "oldString" in edit]
    assert len(edits) > 15
    for edit in edits:
        lines = edit["originalFile"].splitlines()
        for hunk in edit["structuredPatch"]:
            before = [line[1:] for line in hunk["lines"] if line[0] in " -"]
            assert lines[hunk["oldStart"] - 1 : hunk["oldStart"] - 1 + hunk["oldLines"]] == before


def test_images_are_in_prompts_and_in_results():
    assert sum(1 for _ in blocks("image")) == 1
    inside = [block for result in blocks("tool_result") for block in result["content"] if isinstance(block, dict)]
    assert [block["source"]["media_type"] for block in inside if block["type"] == "image"] == ["image/png"]


def test_the_loop_fails_again_and_again_and_then_passes():
    assert outcome("pytest -q tests/test_payment.py") == [*["error"] * 5, "ok", "ok"]
    same = Counter(
        (block["name"], block["input"]["pattern"], record["sessionId"])
        for record in {record.get("uuid"): record for record in records() if record["type"] == "assistant"}.values()
        for block in record["message"]["content"]
        if block.get("name") == "Grep"
    )
    assert max(same.values()) == 4


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("pytest -q tests/test_cart.py", ["error", "ok"]),
        ("npm run build", ["error", "ok"]),
        ("cargo build", ["error", "ok", "ok"]),
        ("git checkout --", ["ok", "ok"]),
        ("git commit", ["ok"] * 7),
    ],
)
def test_commands_end_as_told(command: str, said: list[str]):
    assert outcome(command) == said


def test_usage_has_both_cache_lanes_a_long_context_and_web_searches():
    usages = [(lines[-1]["message"]["model"], lines[-1]["message"]["usage"]) for lines in responses().values()]
    lanes = [usage["cache_creation"] for _, usage in usages if "cache_creation" in usage]
    assert sum(lane["ephemeral_5m_input_tokens"] > 0 for lane in lanes) > 50
    assert sum(lane["ephemeral_1h_input_tokens"] > 0 for lane in lanes) > 15
    long = [model for model, usage in usages if prompt_tokens(usage) > LONG_CONTEXT]
    assert long == ["claude-sonnet-4-5-20250929"]
    assert sum(usage.get("server_tool_use", {}).get("web_search_requests", 0) for _, usage in usages) == 2


def test_an_api_error_message_has_no_usage():
    (message,) = [record for record in records() if record.get("isApiErrorMessage")]
    assert (message["message"]["model"], prompt_tokens(message["message"]["usage"])) == ("<synthetic>", 0)


def test_subagents_lie_in_all_three_layouts_and_one_file_is_missing():
    inside = {name for name, file in files().items() if any(r.get("isSidechain") for r in file if r["type"] == "user")}
    assert sum("/subagents/agent-" in name for name in inside) == 3
    assert sum(Path(name).name.startswith("agent-") and "/subagents/" not in name for name in inside) == 1
    assert sum(not Path(name).name.startswith("agent-") for name in inside) == 1
    assert len(list(SAMPLES.rglob("*.meta.json"))) == 3
    progress = [record["data"] for record in records() if record.get("data", {}).get("type") == "agent_progress"]
    known = {record["uuid"] for record in records() if record.get("isSidechain")}
    copied = {data["agentId"]: data["message"]["uuid"] in known for data in progress}
    assert sorted(copied.values()) == [False, True]
    assert all("usage" in data["message"]["message"] for data in progress if data["message"]["type"] == "assistant")


def test_a_resumed_file_repeats_records_as_they_were_and_a_fork_under_its_own_id():
    holders: dict[str, list[Record]] = {}
    for record in records():
        if "uuid" in record:
            holders.setdefault(record["uuid"], []).append(record)
    copies = [pair for pair in holders.values() if len(pair) == 2]
    assert max(map(len, holders.values())) == 2
    equal = sum(first == second for first, second in copies)
    forked = sum(first["sessionId"] != second["sessionId"] for first, second in copies)
    assert equal > 20
    assert forked > 20
    assert equal + forked == len(copies)


def test_one_session_spans_midnight_and_one_the_change_of_european_clocks():
    spans = [
        (min(times), max(times))
        for file in files().values()
        for times in [[record["timestamp"] for record in file if "timestamp" in record]]
    ]
    assert any(first < "2026-03-14T00:00" < last < "2026-03-14T12" for first, last in spans)
    assert any(first < "2026-03-29T01:00" < last for first, last in spans)


def test_a_session_ends_without_an_answer():
    (file,) = [file for file in files().values() if any("order mails" in str(record) for record in file)]
    assert [record["type"] for record in file[-2:]] == ["user", "system"]
    assert file[-1]["subtype"] == "api_error"


def test_the_only_secret_is_the_documented_example_and_stands_in_an_output():
    said = [record["toolUseResult"]["stdout"] for record in results() if "AKIA" in json.dumps(record)]
    assert [re.findall(r"AKIA\w+", text) for text in said] == [["AKIA" + "IOSFODNN7EXAMPLE"]]


def test_a_bigger_set_has_ids_and_times_of_its_own(tmp_path: Path):
    make(tmp_path, "--scale", "2")
    lines = [line for name, text in contents(tmp_path).items() if name.endswith("l") for line in text.splitlines()]
    made = [json.loads(line) for line in lines]
    assert len(made) == 2 * len(records())
    ours = {record["uuid"] for record in records() if "uuid" in record}
    theirs = Counter(record["uuid"] for record in made if "uuid" in record)
    assert not ours & set(theirs)
    assert len(theirs) == 2 * len(ours)
    assert len({record["sessionId"] for record in made if "sessionId" in record}) == 2 * len(
        {record["sessionId"] for record in records() if "sessionId" in record}
    )


def test_a_single_big_file_is_one_session_whose_time_goes_on(tmp_path: Path):
    make(tmp_path, "--events", "1000", "--one-file")
    ((name, content),) = contents(tmp_path).items()
    made = [json.loads(line) for line in content.splitlines()]
    assert 1000 <= len(made) < 1200
    assert {record["sessionId"] for record in made if "sessionId" in record} == {Path(name).stem}
    times = [record["timestamp"] for record in made if "timestamp" in record]
    assert times == sorted(times)
    uuids = [record["uuid"] for record in made if "uuid" in record]
    assert len(uuids) == len(set(uuids))
