"""OpenHands: one response told of twice, tokens that are totals, and three shapes of events."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from agentobs.adapters.openhands import ADAPTER
from agentobs.events import EARLIEST, Event, Skip, Usage
from tests.adapters.golden import FIXTURES, parse

LOGS = Path(__file__).parents[3] / "shared" / "logs"
REAL = sorted(LOGS.glob("openhands/**/*.jsonl")) + sorted(LOGS.glob("openhands_sdk/**/*.jsonl"))
real_files = pytest.mark.skipif(not REAL, reason="the real logs are not on this machine")
CALLS = ("run", "run_ipython", "read", "edit", "think", "ActionEvent")
RESULTS = ("run", "run_ipython", "read", "edit", "think", "ObservationEvent")


def events(name_or_path: str | Path) -> list[Event]:
    path = FIXTURES / "openhands" / name_or_path
    return [item for item in parse(ADAPTER, path.read_bytes()) if isinstance(item, Event)]


def run(name: str, task: str) -> list[Event]:
    return [event for event in events(name) if event.session_id.startswith(f"openhands:{task}:")]


def head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(65_536)


def of(found: list[Event], *types: str) -> list[Event]:
    return [event for event in found if event.type in types]


def total(found: list[Event], *lanes: str) -> int:
    return sum(getattr(e.usage, lane) or 0 for e in found if e.usage is not None for lane in lanes)


def is_call(event: Event) -> bool:
    return event.tool_call_id is not None and event.type != "tool_result"


def test_a_response_that_action_and_observation_repeat_counts_once():
    counted = [e for e in run("output.jsonl", "shop__cart-7") if e.basis in ("measured", "estimated")]
    assert [e.type for e in counted] == ["llm_response"] * 6
    assert len({e.usage_key for e in counted}) == 6


def test_prompt_tokens_include_the_cache_and_input_tokens_do_not():
    counted = [e for e in run("output.jsonl", "shop__cart-7") if e.type == "llm_response"]
    usages = [e.usage for e in counted]
    assert [e.basis for e in counted[:3]] == ["measured", "estimated", "estimated"]  # whether it does is not said
    assert usages[1] == Usage(input_tokens=400, output_tokens=30, cache_read_tokens=800, cache_write_5m_tokens=0)
    assert usages[0] == Usage(input_tokens=1000, output_tokens=50)  # nothing said about a cache


def test_what_the_totals_hold_beyond_the_responses_stands_at_the_end():
    found = run("output.jsonl", "shop__cart-7")
    (end,) = [e for e in found if e.basis == "reported"]
    assert (end.type, end.reported_cost_usd, end.model) == ("session_end", 0.125, "anthropic/claude-sonnet-4")
    assert total(found, "input_tokens", "cache_read_tokens") == 8900
    assert total(found, "output_tokens") == 250


def test_a_run_without_responses_has_its_totals_only():
    (end,) = [e for e in run("old_output.jsonl", "shop__cart-3") if e.usage is not None]
    assert end.basis == "reported"
    assert end.usage == Usage(input_tokens=500, output_tokens=90, cache_read_tokens=300, cache_write_5m_tokens=100)


def test_calls_are_typed_and_results_say_how_they_went():
    results = of(run("output.jsonl", "shop__cart-7"), "tool_result")
    assert [(e.call_type, e.tool_name, e.status, e.exit_code, e.lines_added, e.lines_removed) for e in results] == [
        ("test_run", "execute_bash", "error", 1, None, None),
        ("file_read", "str_replace_editor", "ok", None, None, None),
        ("file_write", "str_replace_editor", "ok", None, 2, 1),
        ("file_write", "str_replace_editor", "error", None, None, None),
        ("tool_invocation", "think", "ok", None, None, None),
    ]


def test_only_the_task_is_a_prompt_not_what_an_evaluation_answers():
    prompts = [e for e in of(run("output.jsonl", "shop__cart-7"), "user_interaction") if e.role == "user"]
    assert [e.summary for e in prompts] == ["An empty cart has a total of None. Make it 0."]


def test_local_times_are_naive_and_missing_ones_are_made_from_the_order():
    assert {e.ts_quality for e in run("output.jsonl", "shop__cart-7")} == {"naive", "inherited"}
    found = run("old_output.jsonl", "shop__cart-3")
    assert {e.ts_quality for e in found} == {"none"}
    assert [e.ts for e in found] == sorted(e.ts for e in found)
    assert found[0].ts == EARLIEST


def test_a_failed_run_says_its_error():
    (end,) = of(run("output.jsonl", "shop__cart-8"), "session_end")
    assert (end.status, end.summary) == ("error", "RuntimeError: Agent reached maximum iteration")


def test_pairs_of_action_and_observation_belong_together():
    results = of(run("old_output.jsonl", "shop__cart-9"), "tool_result")
    assert [(e.call_type, e.status) for e in results] == [("search_performed", "ok"), ("tool_invocation", "denied")]


def test_the_same_action_twice_is_two_calls():
    calls = of(run("old_output.jsonl", "shop__cart-3"), "command_execute")
    assert [e.summary for e in calls] == ["touch LICENSE", "print(1)", "touch LICENSE"]
    assert len({e.tool_call_id for e in calls}) == len({e.id for e in calls}) == 3


def test_a_trajectory_is_one_session_and_grows_without_changing_its_ids():
    source = json.loads((FIXTURES / "openhands" / "trajectory.json").read_bytes())
    whole = [e for e in parse(ADAPTER, json.dumps(source).encode()) if isinstance(e, Event)]
    part = [e for e in parse(ADAPTER, json.dumps(source[:5]).encode()) if isinstance(e, Event)]
    assert [e.id for e in whole[: len(part)]] == [e.id for e in part]
    assert len({e.session_id for e in whole}) == 1


def test_two_runs_of_one_task_are_two_sessions():
    line = json.loads((FIXTURES / "openhands" / "output.jsonl").read_bytes().splitlines()[0])
    later = json.loads(json.dumps(line).replace("2025-05-02", "2025-05-03"))
    found = parse(ADAPTER, b"\n".join(json.dumps(one).encode() for one in (line, later)))
    assert len({item.session_id for item in found if isinstance(item, Event)}) == 2


def test_cumulative_statistics_of_the_sdk_give_what_came_since():
    usages = [e.usage for e in events("events.jsonl") if e.usage is not None]
    assert [(u.input_tokens, u.cache_read_tokens, u.output_tokens) for u in usages] == [(1000, 0, 50), (700, 900, 40)]


def test_parallel_calls_of_the_sdk_share_one_response():
    found = events("events.jsonl")
    assert [e.request_id for e in of(found, "llm_response")] == ["resp1", "resp2", None]
    assert [(e.type, e.request_id) for e in found if is_call(e)] == [
        ("commit_created", "resp1"),
        ("file_read", "resp1"),
        ("search_performed", "resp2"),
    ]
    assert [e.status for e in of(found, "tool_result")] == ["ok", "error", "error"]


def test_a_broken_line_costs_nothing_but_itself():
    source = (FIXTURES / "openhands" / "events.jsonl").read_bytes().splitlines()
    items = parse(ADAPTER, b"\n".join([*source[:4], b'{"kind": "Act', *source[4:]]))
    assert [type(item).__name__ for item in items].count("Reject") == 1
    assert len([item for item in items if isinstance(item, Event)]) == len(events("events.jsonl"))


def test_content_is_what_was_said_and_what_was_done():
    call = next(e for e in run("output.jsonl", "shop__cart-7") if e.type == "llm_response")
    assert call.raw is not None
    assert ADAPTER.content(call.raw, 0) == "Let me see what fails."
    assert ADAPTER.content(call.raw, 1) == "cd shop && python -m pytest -q"


def split(folder: str) -> list[Event]:
    """The events of a conversation that keeps each of them in a file of its own."""
    root = FIXTURES / "openhands" / folder
    files = [path for path in sorted(root.rglob("*.json")) if not path.name.endswith(".golden.json")]
    items = [item for path in files for item in parse(ADAPTER, path.read_bytes(), path.as_posix())]
    return [item for item in items if isinstance(item, Event)]


def test_a_folder_of_events_names_their_session():
    assert {e.session_id for e in split("sessions/shop-4f1c")} == {"openhands:shop-4f1c"}
    assert {e.session_id for e in split("conversations")} == {"openhands:5e0c2f1ab7d94c0c8f0e2b6d7a91c3e4"}


def test_in_files_of_their_own_a_call_and_its_observation_meet_and_usage_counts_once():
    found = split("sessions/shop-4f1c")
    calls, results = [e for e in found if is_call(e)], of(found, "tool_result")
    assert [(e.type, e.tool_call_id) for e in calls] == [
        ("test_run", "toolu_01CartCartCartCartCart"),
        ("file_read", "shop-4f1c:4"),
    ]
    assert [(e.tool_call_id, e.status) for e in results] == [
        ("toolu_01CartCartCartCartCart", "error"),
        ("shop-4f1c:4", "ok"),
    ]
    assert {e.usage_key for e in found if e.usage} == {"chatcmpl-00112233445566778899"}


def test_an_sdk_event_has_the_same_id_in_a_file_of_its_own_as_in_a_log():
    log = (FIXTURES / "openhands" / "events.jsonl").read_bytes()
    whole = {e.id for e in events("events.jsonl")}
    parts = [
        item.id
        for number, line in enumerate(log.splitlines())
        for item in parse(ADAPTER, line, f"conversations/c1/events/event-{number:05d}.json")
        if isinstance(item, Event)
    ]
    assert len(parts) - len(whole.intersection(parts)) <= 2  # a response without a thought, told by its call only


def test_totals_of_a_conversation_share_one_key():
    counted = [e for e in split("conversations") if e.usage]
    assert [(e.native_type, e.usage_key, e.basis) for e in counted] == [
        ("base_state", "openhands:5e0c2f1ab7d94c0c8f0e2b6d7a91c3e4:stats", "reported")
    ]
    assert counted[0].usage == Usage(1500, 120, 500, 0)
    assert counted[0].ts_quality == "exact"


def test_an_event_alone_without_a_folder_is_a_session_of_its_own():
    line = (FIXTURES / "openhands" / "events.jsonl").read_bytes().splitlines()[4]
    assert ADAPTER.detect(line) > 0
    assert len({item.session_id for item in parse(ADAPTER, line) if isinstance(item, Event)}) == 1


@real_files
def test_real_files_say_what_was_counted_in_them_independently():
    facts = {row["file"].removeprefix("dev/"): row["facts"] for row in json.loads((LOGS / "facts.json").read_bytes())}
    for path in REAL:
        fact, found = facts[str(path.relative_to(LOGS))], events(path)
        kinds = Counter(
            {name.rpartition(":")[2] if name.startswith("action") else "": n for name, n in fact["kinds"].items()}
        )
        seen = Counter(
            {name.removeprefix("obs:"): n for name, n in fact["kinds"].items() if not name.startswith("action:")}
        )
        kinds["ActionEvent"] = fact["kinds"].get("ActionEvent", 0)
        assert len([e for e in found if is_call(e)]) == sum(kinds[name] for name in CALLS), path
        assert len(of(found, "tool_result")) == sum(seen[name] for name in RESULTS), path
        assert len({e.session_id for e in found}) == (fact["instances"] or 1)
        tokens = fact["accumulated_token_usage"]
        if tokens:
            assert total(found, "input_tokens", "cache_read_tokens") == tokens["prompt_tokens"]
            assert total(found, "output_tokens") == tokens["completion_tokens"]
            assert {e.basis for e in found} == {None, "measured"}


@real_files
def test_every_record_of_the_real_files_is_told():
    facts = {row["file"].removeprefix("dev/"): row["facts"] for row in json.loads((LOGS / "facts.json").read_bytes())}
    for path in REAL:
        fact, items = facts[str(path.relative_to(LOGS))], parse(ADAPTER, path.read_bytes())
        assert len({item.offset for item in items}) == fact["events"] + 2 * fact["instances"]
        assert not [item for item in items if isinstance(item, Skip)]
        assert not of([item for item in items if isinstance(item, Event)], "unknown")
        assert ADAPTER.detect(head(path)) > 0


@real_files
def test_no_other_real_file_is_claimed():
    others = [
        path
        for path in LOGS.rglob("*")
        if path.is_file() and not path.relative_to(LOGS).parts[0].startswith("openhands")
    ]
    assert [path for path in others if ADAPTER.detect(head(path))] == []
