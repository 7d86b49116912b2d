"""Cline and Roo Code: a task that two files tell, tokens with and without the cache, copies in compactions."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from agentobs.adapters.cline import ADAPTER
from agentobs.events import Event, Skip, Usage
from tests.adapters.golden import FIXTURES, parse

LOGS = Path(__file__).parents[3] / "shared" / "logs"
REAL = sorted(LOGS.glob("cline/**/*.json"))
real_files = pytest.mark.skipif(not REAL, reason="the real logs are not on this machine")
TASK, ROO, SDK = "cline_task/ui_messages.json", "roo_task/ui_messages.json", "sdk/s.messages.json"


def events(name_or_path: str | Path) -> list[Event]:
    return read((FIXTURES / "cline" / name_or_path).read_bytes())


def read(source: bytes) -> list[Event]:
    return [item for item in parse(ADAPTER, source) if isinstance(item, Event)]


def rows(name: str) -> Any:
    return json.loads((FIXTURES / "cline" / name).read_bytes())


def head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(65_536)


def of(found: list[Event], *types: str) -> list[Event]:
    return [event for event in found if event.type in types]


def total(found: list[Event], *lanes: str) -> int:
    return sum(getattr(e.usage, lane) or 0 for e in found if e.usage is not None for lane in lanes)


def prompts(found: list[Event]) -> list[str | None]:
    return [e.summary for e in of(found, "user_interaction") if e.role == "user" and not e.is_copy]


def test_prompts_are_what_a_person_wrote():
    assert prompts(events(TASK)) == ["Fix the cart", "And the tax?"]
    assert prompts(events(ROO)) == ["Make a cart page"]


def test_cline_leaves_the_cache_out_of_its_input_and_says_so_by_its_numbers():
    counted = [(e.usage, e.basis, e.reported_cost_usd) for e in events(TASK) if e.usage is not None]
    assert counted[0] == (
        Usage(input_tokens=300, output_tokens=120, cache_read_tokens=5000, cache_write_5m_tokens=2000),
        "measured",
        0.0125,
    )
    assert counted[1][:2] == (
        Usage(input_tokens=9000, output_tokens=80, cache_read_tokens=700, cache_write_5m_tokens=0),
        "estimated",  # more came in than was cached: the numbers don't tell
    )
    assert len(counted) == 2  # a cancelled request has no tokens


def test_roo_code_has_the_cache_inside_its_input_with_openai_s_protocol_only():
    requests = of(events(ROO), "llm_request")
    usages = [(e.usage.input_tokens, e.usage.cache_read_tokens, e.basis) for e in requests if e.usage is not None]
    assert usages == [(2000, 6000, "measured"), (8100, 50, "estimated")]


def test_a_batch_of_subagents_reports_its_tokens_once():
    (batch,) = [e for e in events(ROO) if e.basis == "reported"]
    assert (batch.native_type, total([batch], "input_tokens", "output_tokens"), batch.reported_cost_usd) == (
        "say/subagent_usage", 440, 0.5,
    )  # fmt: skip


def test_the_model_and_the_directory_come_from_what_a_request_describes():
    assert {(e.model, e.working_directory) for e in of(events(ROO), "file_create")} == {
        ("openai/gpt-5", "/home/me/roo")
    }
    assert {e.working_directory for e in of(events(TASK), "test_run")} == {"/home/me/shop"}


def test_tools_of_the_window_are_typed_and_their_output_finds_them():
    found = events(TASK)
    calls = [e for e in found if e.tool_call_id is not None and e.type != "tool_result"]
    assert [(e.type, e.tool_name, e.summary) for e in calls] == [
        ("file_read", "readFile", "cart.py"),
        ("file_write", "editedExistingFile", "cart.py"),
        ("test_run", "execute_command", "npm test"),
        ("tool_invocation", "mcp__docs__find", '{"q":"cart"}'),
    ]
    assert [(e.call_type, e.summary) for e in of(found, "tool_result")] == [
        ("test_run", "1 passing"),
        ("test_run", "done"),
        ("tool_invocation", "found"),
    ]
    assert {e.tool_call_id for e in of(found, "tool_result")} == {calls[2].tool_call_id, calls[3].tool_call_id}


def test_the_conversation_file_repeats_the_window_and_is_skipped_message_by_message():
    source = (FIXTURES / "cline/cline_task/api_conversation_history.json").read_bytes()
    assert ADAPTER.detect(source) > 0
    assert parse(ADAPTER, source) == [Skip(place, "in_ui_messages") for place in range(3)]


def test_a_row_that_is_still_written_waits_until_it_is_complete():
    source = rows(TASK)
    assert "half a sen" not in [e.summary for e in read(json.dumps(source).encode())]
    source[-1] |= {"text": "half a sentence.", "partial": False}
    assert read(json.dumps(source).encode())[-1].summary == "half a sentence."


def test_a_request_that_gets_its_tokens_later_is_the_same_request():
    source = rows(TASK)
    before = [{**row, "text": '{"request":"..."}'} if row.get("say") == "api_req_started" else row for row in source]
    early, late = read(json.dumps(before).encode()), read(json.dumps(source).encode())
    assert [e.usage_key for e in of(early, "llm_request")] == [None, None, None]
    assert len({e.usage_key for e in late if e.usage_key}) == 2
    same = {e.id for e in early} & {e.id for e in late}
    assert len(same) == len(late) - 3  # all but the three requests, which are revisions


def test_what_only_decorates_a_row_changes_no_event():
    source = rows(TASK)
    marked = [row | {"lastCheckpointHash": "x", "commandCompleted": True} for row in source]
    assert [(e.id, e.digest) for e in read(json.dumps(marked).encode())] == [(e.id, e.digest) for e in events(TASK)]


def test_input_tokens_of_the_sdk_include_the_cache():
    usages = [e.usage for e in events(SDK) if e.usage is not None]
    assert [(u.input_tokens, u.cache_read_tokens) for u in usages] == [(5000, 0), (200, 5000)]


def test_results_of_the_sdk_say_how_they_went():
    assert [(e.call_type, e.status, e.file_path) for e in of(events(SDK), "tool_result")] == [
        ("file_read", "ok", "/s/cart.ts"),
        ("build_trigger", "error", None),
    ]


def test_the_files_of_one_session_share_its_name():
    names = ("sdk/s.messages.json", "sdk/s.compaction.json", "sdk/session.json")
    assert {e.session_id for name in names for e in events(name)} == {"cline:1760000007000_abcde"}


def test_a_compaction_adds_no_prompts_and_no_usage():
    found = events("sdk/s.compaction.json")
    assert prompts(found) == []
    assert [e.native_type for e in found if not e.is_copy] == ["compaction/compact_boundary"]
    assert not {e.id for e in found} & {e.id for e in events(SDK)}


def test_a_fork_repeats_the_same_events_and_its_usage_counts_once():
    source = rows(SDK)
    fork = read(json.dumps(source | {"sessionId": "1760000009999_fork"}).encode())
    dated = [e for e in events(SDK) if e.ts_quality == "exact"]
    assert {e.id for e in dated} <= {e.id for e in fork}
    assert {e.usage_key for e in fork} == {e.usage_key for e in events(SDK)}


def test_a_session_starts_and_ends_and_knows_where():
    start, end = events("sdk/session.json")
    assert (start.type, start.working_directory, start.model) == (
        "session_start", "/home/me/shop", "anthropic/claude-opus-4.8",
    )  # fmt: skip
    assert (end.type, end.exit_code, end.ts - start.ts) == ("session_end", 0, 13_500_000)


def test_content_is_the_text_of_a_row_and_of_each_part_of_a_message():
    assert ADAPTER.content(events(TASK)[0].raw or b"", 0) == "Fix the cart"
    message = next(e.raw for e in events(SDK) if e.native_id == "msg_a1" and e.raw)
    assert [ADAPTER.content(message, part) for part in range(4)] == ["Read it.", "/s/cart.ts", "npm run build", None]


@real_files
def test_real_sessions_hold_the_tokens_that_stand_in_them():
    for path in REAL:
        source, found = json.loads(path.read_bytes()), events(path)
        assert ADAPTER.detect(head(path)) > 0
        messages = source.get("messages", [])
        metrics = [message["metrics"] for message in messages if "metrics" in message]
        given = total(found, "input_tokens", "cache_read_tokens", "cache_write_5m_tokens")
        assert given == sum(one["inputTokens"] for one in metrics)
        assert total(found, "output_tokens") == sum(one["outputTokens"] for one in metrics)
        kinds = Counter(block["type"] for message in messages for block in message["content"])
        calls = [e for e in found if e.tool_call_id is not None]
        assert len(of(calls, "tool_result")) == kinds["tool_result"]
        assert len(calls) == kinds["tool_use"] + kinds["tool_result"]
        assert not of(found, "unknown")


@real_files
def test_no_other_real_file_is_claimed():
    others = [path for path in LOGS.rglob("*") if path.is_file() and path.relative_to(LOGS).parts[0] != "cline"]
    assert [path for path in others if ADAPTER.detect(head(path))] == []
