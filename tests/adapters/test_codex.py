"""Codex rollouts: what a response used, what is told twice, whose history is copied, how calls ended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentobs.adapters._codex_calls import edits_of
from agentobs.adapters._codex_results import outcome_of, output_text
from agentobs.adapters.codex import ADAPTER, Memory
from agentobs.events import Event, Item, Skip, Usage
from tests.adapters.golden import FIXTURES, lines_of, parse

FOLDER = FIXTURES / "codex"
LOGS = Path(__file__).parents[3] / "shared" / "logs"
real_files = pytest.mark.skipif(not LOGS.exists(), reason="the real session files are not at ../shared/logs")
PARENT = "019cadc6-9a80-7000-8000-000000000001"
FORK = "019cadfd-8900-7000-8000-000000000002"
SUBAGENT = "019cadc7-36c0-7000-8000-000000000003"


def fixture(*names: str) -> list[Event]:
    return [item for name in names for item in parse(ADAPTER, (FOLDER / name).read_bytes()) if isinstance(item, Event)]


def read(*records: dict) -> list[Item]:
    lines = [json.dumps({"timestamp": "2026-03-02T09:00:00.000Z"} | record).encode() for record in records]
    return list(ADAPTER.parse(lines_of(b"\n".join(lines) + b"\n"), Memory()))


def told(kind: str, **payload: object) -> dict:
    return {"type": "event_msg", "payload": {"type": kind, **payload}}


def item(kind: str, **payload: object) -> dict:
    return {"type": "response_item", "payload": {"type": kind, **payload}}


def usages(events: list[Event]) -> dict[str, Usage]:
    """Return the usage of each response: an original beats a copy."""
    found: dict[str, Usage] = {}
    for event in sorted(events, key=lambda event: not event.is_copy):
        if event.usage is not None and event.usage_key is not None:
            found[event.usage_key] = event.usage
    return found


def results(events: list[Event]) -> dict[str, Event]:
    """Return the result of each call that counts, by the end of the call's id."""
    return {str(e.tool_call_id)[-2:]: e for e in events if e.type == "tool_result" and not e.is_copy}


def test_a_token_count_that_is_repeated_is_no_response():
    counted = [
        (u.input_tokens, u.cache_read_tokens, u.output_tokens) for u in usages(fixture("session.jsonl")).values()
    ]
    assert counted == [(2000, 8000, 200), (2000, 10000, 300), (6000, 12000, 100)]


def test_input_leaves_the_cache_out_and_output_has_the_reasoning_in_it():
    first = next(iter(usages(fixture("session.jsonl")).values()))
    assert first == Usage(input_tokens=2000, output_tokens=200, cache_read_tokens=8000, reasoning_tokens=50)


def test_a_running_total_that_begins_anew_after_a_resume_is_counted_on():
    responses = [e for e in fixture("resumed.jsonl") if e.usage]
    assert [(e.usage.output_tokens, e.basis) for e in responses if e.usage] == [
        (10, "measured"),
        (20, "measured"),
        (12, "measured"),
        (10, "reported"),
    ]
    assert len({e.usage_key for e in responses}) == 4


def test_a_response_has_the_model_of_its_turn():
    assert [e.model for e in fixture("session.jsonl") if e.usage] == ["gpt-5.4", "gpt-5.4", "gpt-5.5"]


def test_without_a_turn_context_the_model_is_unknown():
    assert {e.model for e in fixture("resumed.jsonl")} == {None}


def test_a_prompt_counts_once_and_without_what_the_editor_put_before_it():
    prompts = [e.summary for e in fixture("session.jsonl") if e.role == "user"]
    assert prompts == ["Fix the total of an empty cart", "Try again"]


def test_a_prompt_typed_twice_is_two_prompts_and_one_told_in_two_forms_is_one():
    prompts = [e.summary for e in fixture("resumed.jsonl") if e.role == "user"]
    assert prompts == ["continue", "continue", "and the invoice"]


def test_the_bare_form_has_its_prompts_in_the_messages():
    events = fixture("bare.jsonl")
    assert [e.summary for e in events if e.role == "user"] == ["List the carts"]
    assert {e.session_id for e in events} == {"5a000000-0000-4000-8000-0000000000b1"}


@pytest.mark.parametrize("copy", ["forked.jsonl", "subagent.jsonl"])
def test_copied_history_adds_no_response_no_prompt_and_no_call(copy):
    original, both = fixture("session.jsonl"), fixture("session.jsonl", copy)
    own = [e for e in both if e.session_id != PARENT]
    assert {k: u for k, u in usages(both).items() if k.startswith(PARENT)} == usages(original)
    assert [e for e in own if e.is_copy and e.role == "user"] == []
    assert len([e for e in both if e.role == "user" and not e.is_copy]) == 2 + (copy == "forked.jsonl")
    called = {e.tool_call_id for e in both if e.tool_call_id}
    assert called == {e.tool_call_id for e in original if e.tool_call_id}


def test_copied_history_belongs_to_its_session_though_its_file_is_missing():
    events = fixture("forked.jsonl")
    copies = [e for e in events if e.is_copy and e.session_id == PARENT]
    assert len(copies) > 10
    assert {(e.is_forked, e.ts_quality) for e in copies} == {(True, "none")}
    assert [u.output_tokens for k, u in usages(events).items() if k.startswith(FORK)] == [60]


def test_copied_history_with_the_times_of_the_original_is_the_same_events():
    def rollout(start: str, session: str) -> dict:
        return {"timestamp": start, "type": "session_meta", "payload": {"id": session, "timestamp": start}}

    old = rollout("2026-03-02T09:00:00Z", PARENT)
    said = [item("message", role="assistant", content=[{"type": "output_text", "text": t}]) for t in "ab"]
    parent = [e.id for e in read(old, *said) if isinstance(e, Event)]
    fork = [e.id for e in read(rollout("2026-03-02T10:00:00Z", FORK), old, *said) if isinstance(e, Event)]
    assert fork[1:] == parent


def test_copied_history_without_turn_ids_ends_with_the_burst_of_copying():
    def at(second: int, record: dict) -> dict:
        return record | {"timestamp": f"2026-03-02T10:00:{second:02d}.000Z"}

    def meta(session: str, hour: int) -> dict:
        made = f"2026-03-02T{hour:02d}:00:00.000Z"
        return {"type": "session_meta", "payload": {"id": session, "timestamp": made}}

    events = read(
        at(0, meta("child", 10)),
        at(0, meta("parent", 9)),
        at(1, told("user_message", message="old")),
        at(9, told("user_message", message="new")),
    )
    assert [e.session_id for e in events if isinstance(e, Event)] == [
        "codex:child",
        "codex:parent",
        "codex:parent",
        "codex:child",
    ]


def test_a_subagent_is_a_session_of_its_own_under_its_root_and_nobody_human_speaks_in_it():
    own = [e for e in fixture("subagent.jsonl") if e.session_id == SUBAGENT]
    assert {e.root_session_id for e in own} == {PARENT}
    assert [e.role for e in own if e.native_type == "event_msg/user_message"] == ["system"]
    assert [e.model for e in own if e.usage] == ["gpt-5.4-mini"]


def test_a_response_told_by_token_count_and_by_token_usage_record_counts_once():
    own = {e.request_id or e.usage_key: e.usage for e in fixture("newest.jsonl") if e.usage and not e.is_copy}
    assert [usage.output_tokens for usage in own.values()] == [10, 20, 30]
    assert [usage.input_tokens for usage in own.values()] == [100, 100, 200]


def test_the_key_of_a_response_is_the_same_whichever_record_tells_of_it():
    usage = {"input_tokens": 9, "output_tokens": 1}
    count = told("token_count", info={"total_token_usage": usage, "last_token_usage": usage})
    alone = {"type": "token_usage_record", "payload": {"response_id": "resp_1", "usage": usage}}
    meta = {"type": "session_meta", "payload": {"id": FORK}}
    keys = [[e.usage_key for e in read(meta, r) if isinstance(e, Event) and e.usage] for r in (count, alone)]
    assert keys[0] == keys[1]
    assert len(keys[0]) == 1


def test_responses_without_a_running_total_are_counted_each():
    count = told("token_count", info={"last_token_usage": {"input_tokens": 9, "output_tokens": 1}})
    keys = {event.usage_key for event in read(count, count) if isinstance(event, Event)}
    assert len(keys) == 2


def test_history_copied_without_its_session_meta_belongs_to_the_session_that_is_named():
    events = fixture("newest.jsonl")
    parent = events[0].root_session_id
    copies = [(e.session_id, e.ts_quality) for e in events if e.is_copy]
    assert copies == [(parent, "exact"), (parent, "exact")]
    assert {e.session_id for e in events if not e.is_copy} == {events[0].session_id}


def test_each_call_has_one_result_that_counts_the_one_that_knows_most():
    found = results(fixture("session.jsonl"))
    outcomes = {key: (e.status, e.exit_code, e.duration_ms) for key, e in found.items()}
    assert outcomes == {
        "A1": ("ok", 0, 45.5),
        "A2": ("ok", None, None),
        "A3": ("error", 1, 19000.0),
        "A4": ("error", 1, 100.0),
        "A5": ("error", None, 4.0),
        "A6": ("ok", None, None),
        "A7": ("denied", None, None),
        "01": ("ok", None, None),
    }


def test_a_patch_is_one_call_and_an_event_for_each_file():
    events = [e for e in fixture("session.jsonl") if e.tool_name == "apply_patch" and e.type != "tool_result"]
    assert [(e.type, e.file_path, e.lines_added, e.lines_removed) for e in events] == [
        ("file_write", "src/cart.py", 3, 1),
        ("file_create", "tests/test_cart.py", 2, 0),
        ("file_delete", "src/old.py", 0, None),
    ]
    assert [e.tool_call_id is None for e in events] == [False, True, True]
    patched = results(fixture("session.jsonl"))["A2"]
    assert (patched.lines_added, patched.lines_removed, patched.call_type) == (5, 4, "file_write")


def test_a_patch_inside_a_shell_command_is_an_edit():
    call, result = [e for e in fixture("resumed.jsonl") if e.tool_call_id == "call_1"]
    assert (call.type, call.file_path, call.tool_name) == ("file_write", "a.py", "shell")
    assert (result.status, result.lines_added, result.lines_removed) == ("ok", 1, 1)


def test_the_end_of_a_call_that_stands_nowhere_else_says_what_it_was():
    found = {e.tool_call_id: e for e in fixture("resumed.jsonl") if e.type == "tool_result"}
    patch, command = found["call_3"], found["call_4"]
    assert (patch.call_type, patch.tool_name, patch.lines_added, patch.lines_removed) == (
        "file_create",
        "apply_patch",
        3,
        1,
    )
    assert (command.call_type, command.tool_name, command.exit_code) == ("command_execute", "exec_command", 0)


def test_a_web_search_and_its_end_are_one_call():
    searches = [e for e in fixture("session.jsonl") if e.tool_name == "web_search"]
    assert [(e.type, e.tool_call_id) for e in searches] == [
        ("tool_result", "ws_0000000000000000001"),
        ("search_performed", "ws_0000000000000000001"),
    ]


@pytest.mark.parametrize(
    ("output", "status", "exit_code", "duration_ms"),
    [
        ('{"output":"x","metadata":{"exit_code":2,"duration_seconds":0.5}}', "error", 2, 500.0),
        ("Exit code: 0\nWall time: 0.1 seconds\nOutput:\nx", "ok", 0, 100.0),
        ("Chunk ID: a\nWall time: 2 seconds\nProcess exited with code 1\nOutput:\n", "error", 1, 2000.0),
        ("Chunk ID: a\nWall time: 2 seconds\nProcess running with session ID 4\nOutput:\n", None, None, 2000.0),
        ("Plan updated", "ok", None, None),
        ("patch rejected: empty patch", "error", None, None),
        ("exec command rejected by user", "denied", None, None),
        ("aborted by user after 3.2s", "interrupted", None, None),
        ({"content": "done", "success": False}, "error", None, None),
        ([{"type": "input_text", "text": "Exit code: 3\nOutput:\n"}], "error", 3, None),
        ("anything else", None, None, None),
        (None, None, None, None),
    ],
)
def test_every_form_of_output_says_how_the_call_ended(output, status, exit_code, duration_ms):
    payload = {"output": output}
    found = outcome_of(payload, output_text(payload))
    assert (found.status, found.exit_code, found.duration_ms) == (status, exit_code, duration_ms)


def test_what_a_command_printed_is_not_taken_for_its_exit_code():
    payload = {"output": "Exit code: 0\nWall time: 1 seconds\nOutput:\nProcess exited with code 9\n"}
    assert outcome_of(payload, output_text(payload)).exit_code == 0


def test_a_file_without_a_session_is_named_after_its_first_record():
    first, second = read(told("error", message="a"), told("error", message="b"))
    assert isinstance(first, Event)
    assert isinstance(second, Event)
    assert first.session_id == second.session_id
    assert first.session_id.startswith("codex:file-")


def test_the_same_record_twice_at_the_same_time_is_two_events():
    first, second = read(told("error", message="a"), told("error", message="a"))
    assert isinstance(first, Event)
    assert isinstance(second, Event)
    assert first.id != second.id


def test_what_repeats_other_records_is_skipped_under_its_own_name():
    reasons = [i.reason for i in parse(ADAPTER, (FOLDER / "session.jsonl").read_bytes()) if isinstance(i, Skip)]
    assert {"event_msg/agent_message", "event_msg/agent_reasoning", "token_count_repeated", "world_state"} <= set(
        reasons
    )


def test_a_renamed_session_gives_its_title():
    named = [e for e in fixture("resumed.jsonl") if e.native_type == "event_msg/thread_name_updated"]
    assert [(e.type, json.loads(e.data or b"{}")["title"]) for e in named] == [("context_switch", "Cart and invoice")]


def test_an_interrupted_turn_a_compaction_and_a_change_of_model_are_told():
    told_of = {e.native_type: (e.type, e.status, e.summary) for e in fixture("session.jsonl") if e.role == "system"}
    assert told_of["event_msg/turn_aborted"] == ("user_interaction", "interrupted", "interrupted")
    assert told_of["compacted/compact_boundary"] == ("context_switch", None, None)
    assert told_of["turn_context"] == ("context_switch", None, "model gpt-5.4 -> gpt-5.5")


@pytest.mark.parametrize("part", ["x", ["x"], {"type": ["x"]}, None])
def test_odd_parts_of_a_message_claim_nothing(part):
    line = json.dumps({"type": "message", "role": "user", "content": [part]}).encode()
    assert ADAPTER.detect(line + b"\n") == 0


@given(st.text())
def test_a_patch_of_any_text_is_read(text):
    for edit in edits_of("*** Begin Patch\n*** Add File: a\n" + text):
        assert (edit.added or 0) >= 0
        assert isinstance(edit.path, str)


@pytest.mark.parametrize(
    "head",
    [
        b'{"id":"5a","thread_name":"x","updated_at":"2026-01-01T00:00:00Z"}\n',
        b'{"session_id":"5a","ts":1700000000,"text":"hello"}\n',
        b'{"type":"message","role":"user","content":[{"type":"text","text":"hi"}]}\n',
        b'{"type":"user","sessionId":"s","uuid":"u","message":{"content":"x"}}\n',
    ],
)
def test_files_beside_the_rollouts_are_not_claimed(head):
    assert ADAPTER.detect(head) == 0


def test_a_first_line_longer_than_the_head_is_known_by_its_beginning():
    line = b'{"timestamp":"2026-03-02T09:00:00.000Z","type":"session_meta","payload":{"id":"a","x":"' + b"y" * 70_000
    assert ADAPTER.detect(line[:65_536]) > 0


@real_files
def test_real_files_have_the_responses_calls_and_tokens_that_were_counted_independently():
    rows = [row for row in json.loads((LOGS / "facts.json").read_text()) if row["format"] == "codex"]
    seen = 0
    for row in rows:
        path = LOGS / row["file"].partition("/")[2]
        if not path.exists() or "schema_drift" in path.name or "stage0" in str(path):
            continue  # made by hand from fragments: what they say is not one session
        events = [i for i in parse(ADAPTER, path.read_bytes() + b"\n") if isinstance(i, Event)]
        facts, found = row["facts"], usages(events).values()
        calls = [e for e in events if e.tool_call_id and e.type != "tool_result" and e.tool_name != "web_search"]
        outputs = {e.tool_call_id for e in events if str(e.native_type).endswith("_call_output")}
        copies = [i for i in events if i.type == "tool_result" and i.is_copy]
        assert len(calls) == facts["function_calls"], path
        assert len(outputs) == facts["function_outputs"], path
        assert {c.tool_call_id for c in copies} <= {e.tool_call_id for e in events if not e.is_copy}
        total = facts["sum_last_token_usage_dedup"]
        if total:
            assert sum((u.input_tokens or 0) + (u.cache_read_tokens or 0) for u in found) == total["input_tokens"]
            assert sum(u.cache_read_tokens or 0 for u in found) == total["cached_input_tokens"]
            assert sum(u.output_tokens or 0 for u in found) == total["output_tokens"]
            assert sum(u.reasoning_tokens or 0 for u in found) == total["reasoning_output_tokens"]
        seen += 1
    assert seen > 8


@real_files
def test_no_file_of_another_agent_is_claimed():
    others = [path for path in LOGS.rglob("*") if path.is_file() and "codex" not in path.parts]
    assert len(others) > 100
    assert [path for path in others if ADAPTER.detect(path.read_bytes()[:65_536])] == []


@real_files
def test_all_real_rollouts_are_claimed():
    rollouts = list((LOGS / "codex").rglob("*.jsonl"))
    assert rollouts
    assert [p for p in rollouts if not ADAPTER.detect(p.read_bytes()[:65_536])] == []
