"""Aider's analytics log: sessions by launch, exact tokens and cost, what is no event."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentobs.adapters.aider_analytics import ADAPTER, Memory
from agentobs.events import Event, Item, Reject, Skip, Usage
from tests.adapters.golden import ADAPTERS, FIXTURES, fixtures, lines_of

LOG = FIXTURES / "aider_analytics" / "analytics.jsonl"
LOGS = Path(__file__).parents[3] / "shared" / "logs"
real_files = pytest.mark.skipif(not LOGS.exists(), reason="the real session files are not at ../shared/logs")


def read(source: bytes) -> list[Item]:
    return list(ADAPTER.parse(lines_of(source), Memory()))


def log(*rows: dict[str, object]) -> bytes:
    return b"".join(json.dumps({"user_id": "u", **row}).encode() + b"\n" for row in rows)


def events(source: bytes) -> list[Event]:
    return [item for item in read(source) if isinstance(item, Event)]


def test_each_launch_begins_a_session():
    sessions = [
        (event.session_id[-10:], event.type) for event in events(LOG.read_bytes()) if event.native_type == "launched"
    ]
    assert sessions == [("1773064800", "session_start"), ("1773064900", "session_start")]
    assert len({event.session_id for event in events(LOG.read_bytes())}) == 2


def test_a_message_has_its_exact_tokens_and_its_own_cost():
    first, second = [event for event in events(LOG.read_bytes()) if event.usage is not None]
    assert (first.usage, first.basis, first.reported_cost_usd) == (Usage(12034, 1502), "measured", 0.058632)
    assert (second.usage, second.reported_cost_usd) == (Usage(730, 12), 0.0)
    assert first.usage_key != second.usage_key
    assert json.loads(second.data or b"") == {"edit_format": "diff", "session_cost_usd": 0.058632}
    assert {first.model, second.model} == {"anthropic/claude-sonnet-4"}


def test_nobody_is_said_to_have_written_a_prompt():
    assert [event.role for event in events(LOG.read_bytes()) if event.role == "user"] == []
    assert [event.summary for event in events(LOG.read_bytes()) if event.type == "user_interaction"] == [
        "/add",
        "ai-comments execute",
    ]


def test_equal_lines_of_one_second_are_different_events():
    row = {"event": "message_send_starting", "properties": {}, "time": 1_773_064_800}
    first, second = events(log(row, row))
    assert first.id != second.id
    assert [event.id for event in events(log(row))] == [first.id]


def test_what_is_no_event_is_skipped_or_rejected():
    aside = [item for item in read(LOG.read_bytes()) if not isinstance(item, Event)]
    assert [item.reason for item in aside if isinstance(item, Skip)] == [
        "setting/repo",
        "setting/auto_commits",
        "blank",
    ]
    assert [item.reason for item in aside if isinstance(item, Reject)][-1] == "no event is named"


@pytest.mark.parametrize(
    ("time", "quality"),
    [
        (1_773_064_800, "exact"),
        (1_773_064_800.5, "exact"),
        (0, "clamped"),
        (1e300, "clamped"),
        ("x", "none"),
        (True, "none"),
    ],
)
def test_times_are_seconds(time, quality):
    (event,) = events(log({"event": "launched", "properties": {}, "time": time}))
    assert event.ts_quality == quality


def test_a_line_without_a_time_inherits_the_last_one():
    _, event = events(log({"event": "launched", "time": 1_773_064_800}, {"event": "exit"}))
    assert (event.ts, event.ts_quality) == (1_773_064_800_000_000, "inherited")


def test_a_model_that_aider_does_not_know_is_none():
    _, event = events(log({"event": "launched", "time": 1}, {"event": "exit", "properties": {"main_model": "None"}}))
    assert event.model is None


def test_the_full_text_of_an_event():
    failed = next(event.raw for event in events(LOG.read_bytes()) if event.type == "error_encountered") or b""
    assert ADAPTER.content(failed, 0) == "RateLimitError: the cart is full"
    assert ADAPTER.content(failed, 1) is None


def test_no_other_fixture_is_claimed():
    others = [path for name in ADAPTERS if name != "aider_analytics" for path in fixtures(name)]
    assert [path for path in others if ADAPTER.detect(path.read_bytes()[:65_536])] == []


@real_files
def test_no_real_file_of_another_agent_is_claimed():
    for path in LOGS.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                assert ADAPTER.detect(file.read(65_536)) == 0, path
