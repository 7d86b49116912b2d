"""opencode's exports: whose tokens count, who spoke, how calls ended, what a subagent is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentobs.adapters._base import NoMemory
from agentobs.adapters._opencode_parts import usage_of
from agentobs.adapters.opencode import ADAPTER
from agentobs.events import EARLIEST, SENTINEL, Event, Item, Reject, Skip, Usage
from tests.adapters.golden import ADAPTERS, FIXTURES, fixtures

SESSION = FIXTURES / "opencode" / "session.json"
SUBAGENT = FIXTURES / "opencode" / "subagent.json"
LOGS = Path(__file__).parents[3] / "shared" / "logs"
real_files = pytest.mark.skipif(not LOGS.exists(), reason="the real session files are not at ../shared/logs")


def read(document: object) -> list[Item]:
    line = document if isinstance(document, bytes) else json.dumps(document).encode()
    return list(ADAPTER.parse([(0, line, line)], NoMemory()))


def events(document: object) -> list[Event]:
    return [item for item in read(document) if isinstance(item, Event)]


def fixture(path: Path) -> list[Event]:
    return events(path.read_bytes())


def exported(*parts: dict, role: str = "assistant", **info: object) -> dict:
    message = {"info": {"id": "msg_1", "role": role, "sessionID": "ses_1", **info}, "parts": list(parts)}
    return {"info": {"id": "ses_1"}, "messages": [message]}


def tool(name: str = "bash", status: str = "completed", asked: object = None, **state: object) -> list[Event]:
    part = {"type": "tool", "tool": name, "callID": "c", "id": "prt_1"}
    return events(exported(part | {"state": {"status": status, "input": asked or {}, **state}}))[2:]


def tokens(given: int, answered: int, thought: int, read: int = 0, written: int = 0, total: int | None = None) -> dict:
    return {
        "input": given,
        "output": answered,
        "reasoning": thought,
        "cache": {"read": read, "write": written},
        "total": total,
    }


def test_each_step_is_one_call_and_the_message_repeats_none_of_them():
    usages = {event.usage_key: (event.usage, event.reported_cost_usd) for event in fixture(SESSION) if event.usage}
    prefix = "ses_0aShopTotals00000000000001:msg_0aShopTotals0000000000000"
    assert usages == {
        f"{prefix}2": (Usage(100, 25, 50, 0, None, 5), 0.25),
        f"{prefix}3": (Usage(30, 20, 60, 10, None, 5), 0.0),
        f"{prefix}3:1": (Usage(40, 30, 60, 10, None, 8), 0.0),
        f"{prefix}5": (Usage(7, 6, 0, 0, None, 4), 0.0),
        f"{prefix}7": (Usage(10, 5, 0, 0, None, 0), 0.0),
    }


@pytest.mark.parametrize(
    ("said", "output", "basis"),
    [
        (tokens(100, 20, 5, 50, 0, 175), 25, "measured"),  # the total counts the reasoning beside the output
        (tokens(100, 20, 5, 50, 0, 170), 20, "measured"),  # the total says that it is inside
        (tokens(100, 20, 5, 50, 0), 25, "estimated"),  # no total
        (tokens(100, 20, 0, 50, 0), 20, "measured"),
        (tokens(100, 20, 0, 50, 9), 20, "estimated"),  # a write without a lifetime
    ],
)
def test_reasoning_is_part_of_the_output(said, output, basis):
    found = usage_of(said)
    assert found is not None
    assert (found[0].output_tokens, found[1]) == (output, basis)


@pytest.mark.parametrize("said", [None, {}, [], {"input": -1}, {"input": True, "output": "5"}, {"input": 2**40}])
def test_tokens_that_are_none_are_unknown(said):
    assert usage_of(said) is None


def test_a_call_that_was_stopped_before_it_ended_has_no_usage():
    _, stopped, note = events(
        exported(tokens=tokens(0, 0, 0), error={"name": "MessageAbortedError", "data": {"message": "Aborted"}})
    )
    assert (stopped.type, stopped.usage, note.usage) == ("llm_request", None, None)
    assert (note.type, note.role, note.status) == ("user_interaction", "system", "interrupted")


def test_human_prompts_are_the_texts_that_people_wrote():
    prompts = [event.summary for event in fixture(SESSION) if event.role == "user"]
    assert prompts == ["The cart total is wrong. Please fix it.", "Now add tax."]
    assert [event.role for event in fixture(SUBAGENT) if event.native_type == "user/subagent_prompt"] == ["system"]


def test_a_subagent_is_a_session_below_its_parent():
    child = {(event.session_id, event.root_session_id) for event in fixture(SUBAGENT)}
    assert child == {("ses_0aShopTotals00000000000002", "ses_0aShopTotals00000000000001")}
    (task,) = [event for event in fixture(SESSION) if event.tool_name == "task" and event.type == "tool_result"]
    assert json.loads(task.data or b"{}") == {"child_session_id": "ses_0aShopTotals00000000000002"}


def test_calls_are_what_they_do_and_results_say_how_they_ended():
    found = [
        (event.tool_name, event.call_type, event.status, event.exit_code, event.lines_added, event.lines_removed)
        for event in fixture(SESSION)
        if event.type == "tool_result"
    ]
    assert found == [
        ("read", "file_read", "ok", None, None, None),
        ("grep", "search_performed", "ok", None, None, None),
        ("bash", "test_run", "error", 1, None, None),
        ("edit", "file_write", "ok", None, 3, 1),
        ("write", "file_create", "ok", None, 2, 0),
        ("apply_patch", "file_delete", "ok", None, 0, 9),
        ("task", "tool_invocation", "ok", None, None, None),
        ("grep", "search_performed", "error", None, None, None),
        ("bash", "command_execute", "denied", None, None, None),
        ("bash", "command_execute", "interrupted", None, None, None),
        ("invalid", "tool_invocation", "error", None, None, None),
    ]


def test_ids_that_come_again_in_their_session_name_different_calls():
    calls = [event for event in fixture(SESSION) if event.tool_name == "grep" and event.type != "tool_result"]
    assert len({event.tool_call_id for event in calls}) == 2
    results = [event for event in fixture(SESSION) if event.tool_name == "grep" and event.type == "tool_result"]
    assert [event.tool_call_id for event in results] == [event.tool_call_id for event in calls]


@pytest.mark.parametrize("status", ["pending", "running", None, 7, ["completed"]])
def test_a_call_that_has_not_ended_has_no_result(status):
    (call,) = tool(status=status, asked={"command": "ls"})
    assert (call.type, call.summary) == ("command_execute", "ls")


def test_a_call_takes_as_long_as_its_times_say():
    call, result = tool(time={"start": 1_773_050_400_000, "end": 1_773_050_401_250})
    assert (result.duration_ms, result.ts - call.ts) == (1250.0, 1_250_000)
    _, turned = tool(time={"start": 1_773_050_401_250, "end": 1_773_050_400_000})
    assert turned.duration_ms is None


def test_a_patch_of_several_files_names_them_all():
    text = "*** Begin Patch\n*** Update File: a.py\n*** Add File: b.py\n*** End Patch"
    call, _ = tool("apply_patch", asked={"patchText": text})
    assert (call.type, call.file_path, json.loads(call.data or b"{}")) == (
        "file_write",
        "a.py",
        {"files": ["a.py", "b.py"]},
    )


def test_a_message_that_grew_is_a_version_of_the_same_calls():
    part = {"type": "tool", "tool": "bash", "id": "prt_1"}
    running, done = (
        events(exported(part | {"state": {"status": status, "input": {"command": "ls"}}}))[2:]
        for status in ("running", "completed")
    )
    assert running[0].id != done[0].id
    assert {event.tool_call_id for event in running + done} == {running[0].tool_call_id}


@pytest.mark.parametrize(
    ("time", "ts", "quality"),
    [
        (1_773_050_400_000, 1_773_050_400_000_000, "exact"),
        (1_773_050_400_000.5, 1_773_050_400_000_500, "exact"),
        (12, SENTINEL, "clamped"),
        (1e300, SENTINEL, "clamped"),
        (True, EARLIEST, "none"),
        ("2026", EARLIEST, "none"),
    ],
)
def test_times_are_milliseconds(time, ts, quality):
    (event,) = events({"info": {"id": "ses_1", "time": {"created": time}}})
    assert (event.ts, event.ts_quality) == (ts, quality)


def test_the_layout_of_the_document_changes_nothing():
    document = json.loads(SESSION.read_bytes())
    assert events(document) == fixture(SESSION)


@pytest.mark.parametrize("line", [b"[]", b"{}", b'{"a":1}', b"nonsense", b"[" * 500])
def test_what_is_no_export_is_rejected(line):
    (item,) = read(line)
    assert isinstance(item, Reject)


def test_messages_without_a_session_are_skipped():
    items = read({"messages": [{"info": {"role": "assistant"}, "parts": [{"type": "text"}]}]})
    assert items == [
        Skip(0, "session_without_info"),
        Skip(1, "message_without_session"),
        Skip(2, "part_without_session"),
    ]


def test_the_full_text_of_an_event():
    by_call = {(event.tool_name, event.part, event.summary): event for event in fixture(SESSION)}
    raw = by_call["bash", 0, "pytest -q"].raw or b""
    assert [ADAPTER.content(raw, part) for part in (0, 1, 2)] == ["pytest -q", "1 failed\n3 passed", None]
    (said,) = [event.raw for event in fixture(SESSION) if event.summary == "I look at the cart."]
    assert ADAPTER.content(said or b"", 0) == "I look at the cart."
    (failed,) = [
        event.raw for event in fixture(SESSION) if event.native_id == "msg_0aShopTotals00000000000005" and event.raw
    ]
    assert [ADAPTER.content(failed, part) for part in (0, 1, 2)] == [None, "no more credit", None]
    read_call = by_call["read", 0, "/home/dev/shop/cart.py"].raw or b""
    assert json.loads(ADAPTER.content(read_call, 0) or "") == {"filePath": "/home/dev/shop/cart.py"}


def test_no_other_fixture_is_claimed():
    others = [path for name in ADAPTERS if name != "opencode" for path in fixtures(name)]
    assert [path for path in others if ADAPTER.detect(path.read_bytes()[:65_536])] == []


def real() -> list[Path]:
    found = (LOGS / "opencode").rglob("ses_*.json")
    return sorted(path for path in found if not path.name.endswith(".entire-meta.json"))


@real_files
def test_of_the_real_files_its_own_are_claimed_and_no_other():
    for path in LOGS.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                score = ADAPTER.detect(file.read(65_536))
            assert (score > 0) == (path in real()), path


@real_files
def test_counts_of_the_real_files_agree_with_those_of_another_reader():
    rows = {
        row["facts"]["session"]: row["facts"]
        for row in json.loads((LOGS / "facts.json").read_text())
        if row["format"] == "opencode"
    }
    assert len(real()) == 9
    for path in real():
        ours, theirs = counted(path), rows[path.stem]
        expected = {
            "session": {theirs["session"]},
            "version": {theirs["version"]},
            "messages": theirs["messages"],
            "tokens": theirs["tokens_sum_messages"],
            "steps": theirs["step_finish"]["n"],
            "cost": theirs["cost"],
            "tools": theirs["tools"],
            "results": sum(theirs["tool_status"].values()),
            "models": theirs["models"],
        }
        assert ours == expected, path.name


def counted(path: Path) -> dict[str, object]:
    items = read(path.read_bytes())
    found = [item for item in items if isinstance(item, Event)]
    requests = [event for event in found if event.native_type == "assistant"]
    usages = {event.usage_key: event.usage for event in found if event.usage}
    calls = [event for event in found if event.native_type == "assistant/tool" and event.type != "tool_result"]
    tools = [event.tool_name for event in calls]
    models = [event.model for event in requests]
    thought = sum(usage.reasoning_tokens or 0 for usage in usages.values())
    assert len({event.tool_call_id for event in calls}) == len(calls)
    return {
        "session": {event.session_id for event in found},
        "version": {event.agent_version for event in found},
        "messages": len(requests) + sum(item == Skip(item.offset, "user_message") for item in items),
        "tokens": {
            "input": sum(usage.input_tokens or 0 for usage in usages.values()),
            "output": sum(usage.output_tokens or 0 for usage in usages.values()) - thought,  # theirs leaves it out
            "reasoning": thought,
            "cache_read": sum(usage.cache_read_tokens or 0 for usage in usages.values()),
            "cache_write": sum(usage.cache_write_5m_tokens or 0 for usage in usages.values()),
        },
        "steps": len(usages),
        "cost": sum(event.reported_cost_usd or 0 for event in found),
        "tools": {name: tools.count(name) for name in tools},
        "results": sum(event.type == "tool_result" for event in found),
        "models": {model: models.count(model) for model in models},
    }
