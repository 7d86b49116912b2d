"""Copilot CLI's events: tokens that two places tell count once, who wrote a prompt, how calls ended, whose it was."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from agentobs.adapters.copilot_cli import ADAPTER
from agentobs.events import Event, Item, Reject, Skip, Usage
from tests.adapters.golden import FIXTURES, parse

FOLDER = FIXTURES / "copilot_cli"
LOGS = Path(__file__).parents[3] / "shared" / "logs"
FACTS = LOGS / "facts.json"
REAL = [row for row in json.loads(FACTS.read_text()) if row["format"] == "copilot_cli"] if FACTS.exists() else []
START = ("session.start", {"sessionId": "s", "copilotVersion": "1.0.40", "selectedModel": "m"})
LANES = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens", "reasoningTokens")


def fixture(name: str) -> list[Event]:
    return [item for item in parse(ADAPTER, (FOLDER / name).read_bytes()) if isinstance(item, Event)]


def read(*records: tuple[str, dict]) -> list[Item]:
    lines = [
        json.dumps({"type": kind, "data": data, "id": f"e{n}", "timestamp": f"2026-05-01T08:00:{n:02d}Z"})
        for n, (kind, data) in enumerate((START, *records))
    ]
    return parse(ADAPTER, ("\n".join(lines) + "\n").encode())


def events(*records: tuple[str, dict]) -> list[Event]:
    return [item for item in read(*records) if isinstance(item, Event)]


def said(tokens: int, message: str, **more: object) -> tuple[str, dict]:
    return "assistant.message", {"messageId": message, "content": "x", "outputTokens": tokens, **more}


def shutdown(**metrics: tuple[int | None, ...]) -> tuple[str, dict]:
    usage = {model: {"usage": dict(zip(LANES, lanes, strict=False))} for model, lanes in metrics.items()}
    return "session.shutdown", {"shutdownType": "routine", "modelMetrics": usage}


RESUME = ("session.resume", {})


def reported(*records: tuple[str, dict]) -> list[tuple[str | None, Usage | None]]:
    return [(event.model, event.usage) for event in events(*records) if event.basis == "reported"]


def test_a_shutdown_tells_what_no_message_told():
    assert reported(said(30, "a"), said(20, "b"), shutdown(m=(1000, 50, 600, 100))) == [("m", Usage(300, 0, 600, 100))]


def test_output_beyond_that_of_the_messages_counts_at_the_shutdown():
    found = events(said(30, "a"), shutdown(m=(1000, 50, 0, 0)))
    assert sum(event.usage.output_tokens or 0 for event in found if event.usage) == 50
    assert [event.basis for event in found if event.usage] == ["measured", "reported"]


def test_messages_of_a_model_that_no_metrics_name_count_once_too():
    assert reported(said(30, "a", model="auto"), shutdown(m=(10, 50, 0, 0))) == [("m", Usage(10, 20, 0, 0))]


def test_chunks_of_a_message_are_one():
    found = events(said(10, "a"), said(30, "a"), shutdown(m=(10, 30, 0, 0)))
    assert {event.usage_key for event in found if event.basis == "measured"} == {"copilot_cli:s:a"}
    assert [event.usage for event in found if event.basis == "reported"] == [Usage(10, 0, 0, 0)]


@pytest.mark.parametrize(
    ("second", "added"),
    [
        ((1000, 50, 0, 0), []),
        ((1500, 50, 0, 0), [("m", Usage(500, 0, 0, 0))]),
        ((200, 10, 0, 0), [("m", Usage(200, 10, 0, 0))]),
    ],
)
def test_metrics_that_include_the_last_ones_add_what_came_on_top(second, added):
    first = ("m", Usage(1000, 20, 0, 0))
    assert reported(said(30, "a"), shutdown(m=(1000, 50, 0, 0)), shutdown(m=second)) == [first, *added]


@pytest.mark.parametrize(
    ("second", "added"),
    [
        ((1200, 40, 0, 0), Usage(1200, 0, 0, 0)),  # began anew: its output is only that of the messages since
        ((1200, 90, 0, 0), Usage(200, 0, 0, 0)),  # goes on: its output includes all
    ],
)
def test_after_a_resume_the_output_says_whether_metrics_began_anew(second, added):
    found = reported(said(50, "a"), shutdown(m=(1000, 50, 0, 0)), RESUME, said(40, "b"), shutdown(m=second))
    assert found == [("m", Usage(1000, 0, 0, 0)), ("m", added)]


def test_reasoning_that_the_messages_hold_stays_beside_the_usage():
    (event,) = [e for e in events(said(50, "a"), shutdown(m=(10, 50, 0, 0, 20))) if e.basis == "reported"]
    assert event.usage == Usage(10, 0, 0, 0)
    assert msgspec.json.decode(event.data or b"") == {"reasoning_tokens": 20}


def test_metrics_without_tokens_tell_nothing():
    assert reported(("session.shutdown", {"modelMetrics": {"m": {"requests": 2}, "n": None}})) == []


def test_human_prompts_are_those_that_a_person_wrote():
    prompts = [e.summary for name in ("session.jsonl", "resumed.jsonl") for e in fixture(name) if e.role == "user"]
    assert prompts == ["Fix the cart", "One", "Two"]


def test_how_calls_ended():
    ends = [(e.tool_name, e.status, e.exit_code) for e in fixture("session.jsonl") if e.type == "tool_result"]
    assert ends == [
        ("view", "ok", None),
        ("edit", "ok", None),
        ("create", "ok", None),
        ("bash", "error", 1),
        ("bash", "ok", 0),
        ("bash", "denied", None),
        ("grep", "ok", None),
        ("web_search", "ok", None),
        ("bash", "interrupted", None),
        ("task", "ok", None),
    ]


def test_a_result_whose_call_never_started_is_known_by_the_request():
    (event,) = [e for e in fixture("session.jsonl") if e.status == "interrupted"]
    assert (event.call_type, event.tool_name) == ("command_execute", "bash")


def test_edits_count_their_lines_by_telemetry_or_by_their_diff():
    found = fixture("session.jsonl")
    lines = [(e.file_path, e.lines_added, e.lines_removed) for e in found if e.lines_added is not None]
    assert lines == [("/home/dev/shop/cart.py", 2, 1), ("/home/dev/shop/cart.md", 1, 0)]


def test_a_subagent_is_a_thread_of_the_session():
    threads = {(e.native_type, e.thread_id) for e in fixture("session.jsonl") if e.thread_id}
    call = "toolu_000000000000000000000010"
    assert threads == {("subagent.started", call), ("assistant.message", call), ("subagent.completed", call)}


def test_children_of_skipped_records_hang_on_what_came_before():
    found = fixture("session.jsonl")
    answer = next(e for e in found if e.type == "llm_response")
    assert answer.parent_event_id == next(e for e in found if e.role == "user").id


def test_a_resumed_session_is_on_its_new_branch():
    assert [e.branch for e in fixture("resumed.jsonl") if e.role == "user"] == ["main", "fix"]


def test_what_stands_before_the_session_is_named_is_skipped_with_a_reason():
    items = parse(ADAPTER, (FOLDER / "odd.jsonl").read_bytes())
    assert [item.reason for item in items if isinstance(item, Skip)] == [
        "assistant.turn_start",
        "user.message_without_session",
        "blank",
    ]
    assert [type(item) for item in items[-2:]] == [Reject, Reject]


def test_the_text_of_each_record_can_be_read():
    texts = {e.summary: ADAPTER.content(e.raw or b"", 0) for e in fixture("session.jsonl") if e.raw}
    assert texts["Look at the cart first"] == "Look at the cart first"
    assert texts["pytest -q tests/test_cart.py"] == "pytest -q tests/test_cart.py"
    assert texts["hook failed"] == "hook failed"


@pytest.mark.skipif(not REAL, reason="the real session files are not at ../shared/logs")
@pytest.mark.parametrize("row", REAL, ids=[row["file"][-40:] for row in REAL])
def test_real_files_say_what_an_independent_count_says(row):
    source, facts = (LOGS / row["file"].removeprefix("dev/")).read_bytes(), row["facts"]
    items = parse(ADAPTER, source)
    found = [item for item in items if isinstance(item, Event)]
    kinds = [e.native_type for e in found if e.part == 0] + [i.reason for i in items if isinstance(i, Skip)]
    assert {kind: kinds.count(kind) for kind in kinds} == facts["types"]
    assert {event.session_id.removeprefix("copilot_cli:") for event in found} == {facts["session"]}
    measured = sum(e.usage.output_tokens or 0 for e in found if e.usage and e.basis == "measured")
    assert measured == facts["sum_outputTokens"]
    for model, told in (facts["last_shutdown_usage"] or {}).items():
        if told is not None:
            (usage,) = [e.usage for e in found if e.basis == "reported" and e.model == model]
            assert usage is not None
            assert (usage.input_tokens or 0) + (usage.cache_read_tokens or 0) == told["inputTokens"]
            assert measured + (usage.output_tokens or 0) == told["outputTokens"]
    statuses = [e.status for e in found if e.type == "tool_result"]
    assert statuses.count("ok") == facts["tool_success"].get("True", 0)
    assert len(statuses) == sum(facts["tool_success"].values())
    assert not [event for event in found if event.type == "unknown"]


@pytest.mark.skipif(not LOGS.exists(), reason="the real session files are not at ../shared/logs")
def test_no_other_real_file_is_claimed():
    claimed = []
    for path in LOGS.rglob("*"):
        if path.is_file() and "copilot_cli" not in path.parts:
            with path.open("rb") as file:
                if ADAPTER.detect(file.read(65_536)):
                    claimed.append(path.name)
    assert claimed == []
