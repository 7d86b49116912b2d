"""mini-swe-agent: a list of messages, with times and usage in newer versions only."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from agentobs.adapters.mini_swe_agent import ADAPTER
from agentobs.events import EARLIEST, Event, Skip, Usage
from tests.adapters.golden import FIXTURES, parse

LOGS = Path(__file__).parents[3] / "shared" / "logs"
REAL = sorted(LOGS.glob("mini_swe_agent/**/*.traj.json"))
START = 1_767_225_600_000_000


def events(name_or_path: str | Path) -> list[Event]:
    path = FIXTURES / "mini_swe_agent" / name_or_path
    return [item for item in parse(ADAPTER, path.read_bytes()) if isinstance(item, Event)]


def of(found: list[Event], *types: str) -> list[Event]:
    return [event for event in found if event.type in types]


def test_the_oldest_form_has_commands_in_its_text_and_no_times():
    found = events("messages.traj.json")
    assert [(e.call_type, e.status, e.exit_code) for e in of(found, "tool_result")] == [
        ("search_performed", "ok", 0),
        ("test_run", "error", 1),
        ("command_execute", "error", None),
        ("command_execute", None, None),
    ]
    assert [e.ts for e in found] == [EARLIEST + 1000 * place for place in range(len(found))]
    assert {e.ts_quality for e in found} == {"none"}


def test_an_answer_without_a_command_is_answered_by_an_error():
    (error,) = of(events("messages.traj.json"), "error_encountered")
    assert error.native_type == "message/format_error"


def test_usage_is_measured_per_response_without_the_cached_prompt():
    answers = of(events("tool_calls.traj.json"), "llm_response")
    assert [e.usage for e in answers] == [
        Usage(
            input_tokens=300,
            output_tokens=60,
            cache_read_tokens=1000,
            cache_write_5m_tokens=200,
            reasoning_tokens=25,
        ),
        Usage(input_tokens=1600, output_tokens=5),
        Usage(input_tokens=1700, output_tokens=40),
    ]
    assert {e.basis for e in answers} == {"measured"}
    assert sum(e.reported_cost_usd or 0 for e in answers) == pytest.approx(0.0325)
    assert of(events("tool_calls.traj.json"), "session_end")[0].reported_cost_usd is None


def test_times_are_the_messages_own_or_inherited():
    found = events("tool_calls.traj.json")
    assert [((e.ts - START) / 1e6, e.ts_quality) for e in found] == [
        (2.5, "inherited"),
        (2.5, "inherited"),
        *[(2.5, "exact")] * 3,
        *[(3.0, "exact")] * 2,
        (6.0, "exact"),
        *[(6.0, "inherited")] * 2,
        *[(9.0, "exact")] * 2,
        (9.5, "exact"),
        (9.5, "inherited"),
    ]


def test_results_find_their_calls_and_a_call_that_never_ran_is_interrupted():
    found = events("tool_calls.traj.json")
    calls = {e.tool_call_id: e.type for e in of(found, "command_execute", "test_run", "commit_created")}
    results = of(found, "tool_result")
    assert [calls[e.tool_call_id] for e in results] == [e.call_type for e in results]
    assert [e.status for e in results] == ["ok", "interrupted", "ok"]


def test_what_a_person_typed_is_a_prompt_and_nothing_else_is():
    assert [e.summary for e in of(events("tool_calls.traj.json"), "user_interaction")] == [
        "Make the total of an empty cart 0.",
        "Interrupted by user: use git commit",
    ]


def test_a_dumped_response_is_an_answer():
    found = events("responses.traj.json")
    (answer,) = of(found, "llm_response")
    assert (answer.summary, answer.model) == ("I list it.", "gpt-5-mini-2025-08-07")
    assert answer.usage == Usage(input_tokens=172, output_tokens=50, cache_read_tokens=128, reasoning_tokens=32)
    assert [(e.call_type, e.exit_code) for e in of(found, "tool_result")] == [("command_execute", 0)]
    assert of(found, "session_end") == []


@pytest.mark.parametrize("source", [b"[]", b'{"messages": []}'])
def test_a_run_without_messages_is_skipped(source):
    assert parse(ADAPTER, source) == [Skip(0, "empty")]


@pytest.mark.parametrize("name", ["messages.traj.json", "tool_calls.traj.json"])
def test_a_run_that_goes_on_keeps_the_ids_of_what_it_had(name):
    source = json.loads((FIXTURES / "mini_swe_agent" / name).read_bytes())
    if isinstance(source, list):
        shorter = source[:5]
    else:
        shorter = source | {"messages": source["messages"][:4], "info": source["info"] | {"exit_status": ""}}
    before = [
        e.id for e in parse(ADAPTER, json.dumps(shorter).encode()) if isinstance(e, Event) and e.native_type != "info"
    ]
    after = [e.id for e in parse(ADAPTER, json.dumps(source).encode()) if isinstance(e, Event)]
    assert after[: len(before)] == before
    assert len(before) >= 4


@pytest.mark.skipif(not REAL, reason="the real logs are not on this machine")
def test_real_runs_say_what_was_counted_in_them_independently():
    facts = {row["file"].removeprefix("dev/"): row["facts"] for row in json.loads((LOGS / "facts.json").read_bytes())}
    for path in REAL:
        roles, found = facts[str(path.relative_to(LOGS))]["roles"], events(path)
        kinds = Counter(e.type for e in found)
        assert kinds["llm_response"] == kinds["tool_result"] == roles["assistant"]
        assert kinds["user_interaction"] == 1
        assert kinds["tool_result"] + kinds["error_encountered"] == roles["user"] - 1
        assert ADAPTER.detect(path.read_bytes()[:65_536]) > 0
