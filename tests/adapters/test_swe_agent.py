"""SWE-agent: runs without times, whose tokens stand once for all of them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from agentobs.adapters._swe_agent_actions import action_of, status_of
from agentobs.adapters.swe_agent import ADAPTER
from agentobs.events import EARLIEST, Event, Skip, Usage
from tests.adapters.golden import FIXTURES, parse

LOGS = Path(__file__).parents[3] / "shared" / "logs"
REAL = sorted(LOGS.glob("swe_agent/**/*.traj"))
OUTCOMES = sorted(LOGS.glob("swe_agent_outcomes/runs/*.traj"))
real_files = pytest.mark.skipif(not REAL, reason="the real logs are not on this machine")


def events(name_or_path: str | Path) -> list[Event]:
    path = FIXTURES / "swe_agent" / name_or_path
    return [item for item in parse(ADAPTER, path.read_bytes()) if isinstance(item, Event)]


def of(found: list[Event], *types: str) -> list[Event]:
    return [event for event in found if event.type in types]


def test_times_are_made_up_from_the_order_and_say_so():
    found = events("text_actions.traj")
    assert [event.ts for event in found] == [EARLIEST + 1000 * place for place in range(len(found))]
    assert {event.ts_quality for event in found} == {"none"}


def test_the_task_is_the_only_prompt_and_demonstrations_are_skipped():
    assert [event.summary for event in of(events("text_actions.traj"), "user_interaction")] == [
        "We're solving this issue. ISSUE: An empty cart has a total of None  cart.total() should be 0."
    ]
    source = (FIXTURES / "swe_agent" / "text_actions.traj").read_bytes()
    skips = Counter(item.reason for item in parse(ADAPTER, source) if isinstance(item, Skip))
    assert skips == {"history/demonstration": 2, "history/system_prompt": 1, "history/in_trajectory": 12}


def test_calls_are_typed_by_their_action_and_results_by_what_was_observed():
    results = of(events("text_actions.traj"), "tool_result")
    assert [(e.call_type, e.tool_name, e.status, e.lines_added, e.lines_removed) for e in results] == [
        ("search_performed", "find_file", None, None, None),
        ("file_read", "open", None, None, None),
        ("file_write", "edit", "error", None, None),
        ("file_write", "edit", "ok", 1, 2),
        ("test_run", "bash", None, None, None),
        ("command_execute", "bash", "denied", None, None),
    ]
    assert [e.file_path for e in results] == [None, *["/shop__cart/shop/cart.py"] * 3, None, None]


CRASH = (
    '  File "/root/commands/_split_string", line 17\n    from __future__ import annotations\n    ^\n'
    "SyntaxError: future feature annotations is not defined\n[File: /shop/cart.py (2 lines total)]\n1:a = 1\n2:b = 2\n"
)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (CRASH + "File updated. Please review the changes and make sure they are correct.", "ok"),
        (CRASH, None),
        ("Your proposed edit has introduced new syntax error(s).", "error"),
    ],
)
def test_an_edit_was_made_where_swe_agent_says_so_though_its_linter_crashed(said, status):
    action = action_of("edit 1:1\na = 1\nend_of_edit", "/shop", "/shop/cart.py")
    assert status_of(action, said) == status


def test_a_run_that_its_budget_ended_has_no_answer_for_it():
    found = events("text_actions.traj")
    assert [e.summary for e in of(found, "error_encountered")] == ["exit_cost"]
    assert len(of(found, "llm_response")) == 6


def test_tokens_and_cost_are_the_run_s_own_not_the_batch_s():
    (end,) = [e for e in events("text_actions.traj") if e.usage is not None]
    assert (end.type, end.usage) == ("session_end", Usage(input_tokens=20500, output_tokens=410))
    assert (end.basis, end.reported_cost_usd) == ("reported", 0.75)
    assert end.data is not None
    assert json.loads(end.data)["batch_cost_usd"] == 41.5


def test_a_run_of_function_calls_says_its_model_instance_and_durations():
    found = events("function_calls.traj")
    assert found[0].session_id.startswith("swe_agent:shop__cart-7:")
    assert {e.model for e in of(found, "llm_response")} == {"claude-sonnet-4-20250514"}
    assert [(e.call_type, e.duration_ms) for e in of(found, "tool_result")] == [
        ("command_execute", 125.0),
        ("file_create", 250.0),
        ("file_write", 500.0),
        ("commit_created", 500.0),
        ("tool_invocation", 125.0),
    ]


def test_a_file_of_history_alone_gives_the_same_calls():
    found = events("history_only.traj")
    assert [e.call_type for e in of(found, "tool_result")] == ["command_execute", "file_create", "file_write"]


def test_a_run_that_goes_on_keeps_the_ids_of_what_it_had():
    source = json.loads((FIXTURES / "swe_agent" / "function_calls.traj").read_bytes())
    shorter = dict(source, trajectory=source["trajectory"][:2], history=source["history"][:6], info={})
    before = [e.id for e in parse(ADAPTER, json.dumps(shorter).encode()) if isinstance(e, Event)]
    after = [e.id for e in parse(ADAPTER, json.dumps(source).encode()) if isinstance(e, Event)]
    assert after[: len(before)] == before
    assert len(before) > 5


def test_two_runs_of_one_task_are_two_sessions():
    source = json.loads((FIXTURES / "swe_agent" / "text_actions.traj").read_bytes())
    other = json.loads(json.dumps(source))
    other["trajectory"][0]["response"] = "Where is the cart?"
    found = [item for run in (source, other) for item in parse(ADAPTER, json.dumps(run).encode())]
    assert len({item.session_id for item in found if isinstance(item, Event)}) == 2


@real_files
def test_real_runs_say_what_was_counted_in_them_independently():
    facts = {row["file"].removeprefix("dev/"): row["facts"] for row in json.loads((LOGS / "facts.json").read_bytes())}
    for path in REAL:
        fact, found = facts[str(path.relative_to(LOGS))], events(path)
        stats = fact["model_stats"] or {}
        answers = len(of(found, "llm_response", "error_encountered"))
        assert answers == (fact["steps"] or 5), path.name  # 5: the one file without a trajectory has its history
        assert len(of(found, "user_interaction")) == 1
        sent = sum(e.usage.input_tokens or 0 for e in found if e.usage is not None)
        received = sum(e.usage.output_tokens or 0 for e in found if e.usage is not None)
        assert (sent, received) == (stats.get("tokens_sent", 0), stats.get("tokens_received", 0))
        assert sum(e.reported_cost_usd or 0 for e in found) == stats.get("instance_cost", 0)
        assert [e.summary for e in of(found, "session_end")] == ([fact["exit_status"]] if fact["exit_status"] else [])


@real_files
def test_every_real_file_is_claimed_and_is_a_session_of_its_own():
    assert all(ADAPTER.detect(path.read_bytes()[:65_536]) > 0 for path in [*REAL, *OUTCOMES])
    assert len({events(path)[0].session_id for path in [*REAL, *OUTCOMES]}) == len(REAL) + len(OUTCOMES)
