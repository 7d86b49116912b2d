"""ATIF trajectories: whose tokens count, what a copy is, what a subagent is, how calls ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agentobs.adapters._atif_tools import asked_of, kind_of
from agentobs.adapters._atif_usage import usage_of
from agentobs.adapters.atif import ADAPTER
from agentobs.events import Event, Item, Reject, Usage
from tests.adapters.golden import ADAPTERS, FIXTURES, fixtures, parse

LOGS = Path(__file__).parents[3] / "shared" / "logs"
real_files = pytest.mark.skipif(not LOGS.exists(), reason="the real session files are not at ../shared/logs")
MAIN = json.loads((FIXTURES / "atif" / "trajectory.json").read_bytes())


def read(document: object) -> list[Item]:
    return parse(ADAPTER, document if isinstance(document, bytes) else json.dumps(document).encode())


def events(document: object) -> list[Event]:
    return [item for item in read(document) if isinstance(item, Event)]


def fixture(name: str) -> list[Event]:
    return events((FIXTURES / "atif" / name).read_bytes())


def trajectory(*steps: dict[str, Any], **rest: Any) -> dict[str, Any]:
    agent = {"name": "mine", "version": "1", "model_name": "m"}
    return {"schema_version": "ATIF-v1.6", "session_id": "s", "agent": agent, "steps": list(steps), **rest}


def step(**fields: Any) -> dict[str, Any]:
    return {"source": "agent", "message": "", **fields}


def answered(**metrics: Any) -> dict[str, Any]:
    return step(metrics=metrics)


def results(**result: Any) -> list[Event]:
    call = {"tool_call_id": "c", "function_name": "bash", "arguments": {"command": "ls"}}
    given = step(tool_calls=[call], observation={"results": [{"source_call_id": "c", **result}]})
    return [event for event in events(trajectory(given)) if event.type == "tool_result"]


def test_each_step_counts_its_tokens_and_the_final_metrics_repeat_them():
    usages = [(e.session_id, e.usage) for e in fixture("trajectory.json") if e.usage is not None]
    assert usages == [
        ("atif:shop-run-7", Usage(300, 60, 1000, 200, None, 20)),
        ("atif:shop-run-7", Usage(200, 30, 1500)),
        ("atif:shop-run-7", Usage(900, 12)),
        ("atif:shop-run-7:fixer-1", Usage(1000, 48)),
    ]


@pytest.mark.parametrize(
    ("metrics", "usage"),
    [
        ({"prompt_tokens": 520, "completion_tokens": 80, "cached_tokens": 200}, Usage(320, 80, 200)),
        ({"prompt_tokens": 520, "completion_tokens": 80}, Usage(520, 80)),
        ({"prompt_tokens": 0, "completion_tokens": 0}, None),
        (
            {"prompt_tokens": 5, "completion_tokens": 1, "extra": {"cache_creation_input_tokens": 9}},
            Usage(5, 1, None, 9),
        ),
        ({"total_prompt_tokens": 10, "total_completion_tokens": 2, "total_cached_tokens": 4}, Usage(6, 2, 4)),
        ({"prompt_tokens": -1, "completion_tokens": True}, None),
        (None, None),
    ],
)
def test_prompt_tokens_include_what_the_cache_served_and_took(metrics, usage):
    assert usage_of(metrics) == usage


def test_a_writer_that_leaves_cache_writes_out_of_its_prompts_is_found_out():
    small, large = {"cache_creation_input_tokens": 5}, {"cache_creation_input_tokens": 900}
    steps = [
        answered(prompt_tokens=1010, completion_tokens=5, cached_tokens=1000, extra=small),
        answered(prompt_tokens=1003, completion_tokens=5, cached_tokens=1000, extra=large),
    ]
    usages = [e.usage for e in events(trajectory(*steps)) if e.usage]
    assert usages == [Usage(10, 5, 1000, 5), Usage(3, 5, 1000, 900)]
    assert [e.usage for e in events(trajectory(steps[0])) if e.usage] == [Usage(5, 5, 1000, 5)]


def test_cache_writes_of_an_hour_stand_apart():
    extra = {"cache_creation_input_tokens": 30, "cache_creation": {"ephemeral_1h_input_tokens": 20}}
    usage = usage_of({"prompt_tokens": 100, "completion_tokens": 1, "extra": extra})
    assert usage == Usage(70, 1, None, 10, 20)


def test_steps_of_a_sidechain_are_a_thread_and_no_prompts():
    side = step(source="user", message="look", extra={"is_sidechain": True, "agent_id": "a1", "cwd": "/app"})
    event = events(trajectory(step(source="user", message="hi"), side))[-1]
    assert (event.role, event.thread_id, event.is_sidechain, event.working_directory) == ("system", "a1", True, "/app")


def test_totals_count_where_no_step_tells_tokens():
    totals = {"total_prompt_tokens": 100, "total_completion_tokens": 9, "total_cost_usd": 0.5}
    (end,) = [e for e in events(trajectory(step(), final_metrics=totals)) if e.usage is not None]
    assert (end.type, end.basis, end.usage, end.reported_cost_usd) == ("session_end", "reported", Usage(100, 9), 0.5)
    told = events(trajectory(answered(prompt_tokens=1, completion_tokens=1), final_metrics=totals))
    assert [e.basis for e in told if e.usage is not None] == ["measured"]


def test_totals_of_a_parent_are_not_added_to_those_of_its_subagents():
    totals = {"total_prompt_tokens": 100, "total_completion_tokens": 9}
    child = trajectory(step(), trajectory_id="t1", final_metrics=totals)
    counted = [e for e in events(trajectory(step(), final_metrics=totals, subagent_trajectories=[child])) if e.usage]
    assert [e.session_id for e in counted] == ["atif:s"]
    alone = [e for e in events(trajectory(step(), subagent_trajectories=[child])) if e.usage]
    assert [(e.session_id, e.root_session_id) for e in alone] == [("atif:s:t1", "atif:s")]


def test_a_copied_step_that_says_the_same_is_the_same_event():
    original = {event.id: event.digest for event in fixture("trajectory.json")}
    copies = [event for event in fixture("trajectory.cont-1.json") if event.is_copy]
    assert [(e.summary, original.get(e.id) == e.digest) for e in copies[:2]] == [
        ("The total of an empty cart must be 0.", True),
        ("A helper can fix it.", False),  # copied without its metrics
    ]
    assert {event.session_id for event in copies} == {"atif:shop-run-7"}
    assert not [event for event in copies if event.usage]


def test_a_trajectory_that_grows_keeps_its_ids():
    part = {**MAIN, "steps": MAIN["steps"][:5], "final_metrics": {"total_steps": 5}, "subagent_trajectories": []}
    ids = {event.id for event in events(MAIN)}
    assert [e.native_type for e in events(part) if e.id not in ids] == ["trajectory/end"]


def test_only_a_person_prompts_not_a_parent_agent():
    prompts = [e.summary for e in fixture("trajectory.json") if e.type == "user_interaction" and e.role == "user"]
    assert prompts == ["The total of an empty cart must be 0."]


def test_a_step_without_a_model_call_is_no_response():
    found = events(trajectory(step(llm_call_count=0, tool_calls=[{"tool_call_id": "c", "function_name": "x"}])))
    assert [e.type for e in found] == ["session_start", "tool_invocation"]
    assert found[1].raw is not None


def test_a_call_id_that_comes_again_in_another_step_is_another_call():
    ids = [e.tool_call_id for e in fixture("trajectory.json") if e.session_id == "atif:shop-run-7" and e.tool_call_id]
    assert len(set(ids[-2:])) == 1
    assert ids[-1] not in ids[:-2]


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ({"content": "fine"}, (None, None, "info")),
        ({"extra": {"exit_code": 0}}, ("ok", 0, "info")),
        ({"extra": {"is_error": True}}, ("error", None, "error")),
        ({"content": "<returncode>3</returncode>"}, ("error", 3, "error")),
        ({"content": "[stderr]\nno\n[exit_code] 2"}, ("error", 2, "error")),
        ({"content": "no\n\n[error] tool reported failure"}, ("error", None, "error")),
        ({"extra": {"status": "rejected"}}, ("denied", None, "warning")),
        ({"extra": {"status": "cancelled"}}, ("interrupted", None, "warning")),
    ],
)
def test_a_result_ends_as_its_extras_say(result, outcome):
    (found,) = results(**result)
    assert (found.status, found.exit_code, found.severity) == outcome


@pytest.mark.parametrize(
    ("name", "arguments", "kind", "path"),
    [
        ("Bash", {"command": "pytest"}, "test_run", None),
        ("execute_bash", {"command": "", "is_input": True}, "command_execute", None),
        ("shell", {"command": ["bash", "-lc", "git commit -m x"]}, "commit_created", None),
        ("read_file", {"path": "a.py"}, "file_read", "a.py"),
        ("str_replace_editor", {"command": "create", "path": "a.py"}, "file_create", "a.py"),
        ("apply_patch", {"input": "*** Delete File: a.py"}, "file_delete", "a.py"),
        ("Grep", {"pattern": "total", "path": "shop"}, "search_performed", None),
        ("mcp__github__create_issue", {"title": "x"}, "tool_invocation", None),
        (None, {}, "tool_invocation", None),
    ],
)
def test_calls_are_typed_by_what_they_do(name, arguments, kind, path):
    asked = asked_of(name, arguments)
    assert (asked.type, asked.file_path) == (kind, path)


def test_names_of_tools_are_read_without_case_and_marks():
    assert {kind_of(name) for name in ("ReadFile", "read_file", "read-file", "readFileTool")} == {"file_read"}


def test_a_bundle_holds_the_main_trajectory_and_its_subagents():
    found = fixture("copilot.trajectory.bundle.json")
    sessions = {(e.session_id, e.root_session_id) for e in found}
    assert sessions == {("atif:chat-1", None), ("atif:search-1", "atif:chat-1")}
    assert [e.summary for e in found if e.type == "user_interaction" and e.role == "user"] == ["Where is the cart?"]
    assert [(e.usage, e.duration_ms) for e in found if e.usage] == [(Usage(30, 5, 20), 900.0), (Usage(40, 6), None)]
    alone = events(
        json.loads((FIXTURES / "atif" / "copilot.trajectory.bundle.json").read_bytes())["trajectories_by_id"][
            "search-1"
        ]
    )
    assert {e.id for e in alone} < {e.id for e in found}


def test_what_is_no_trajectory_is_rejected():
    assert [type(item) for item in read({"steps": 5}) + read(b"[1, 2]") + read(b"{")] == [Reject] * 4


def test_content_is_that_of_each_part():
    raw = json.dumps(MAIN["steps"][2]).encode()
    assert [ADAPTER.content(raw, part) for part in range(6)] == [
        "I run the tests and look at the cart.",
        "python -m pytest -q",
        "/app/shop/cart.py",
        "1 failed, 3 passed",
        "def total(cart): ...",
        None,
    ]


def test_secrets_in_names_do_not_come_from_the_source():
    document = json.dumps(trajectory(step(message="hi"))).encode()
    redacted = document.replace(b'"s"', b'"\xc2\xabr\xc2\xbb"')
    found = list(ADAPTER.parse([(0, redacted, document)], ADAPTER.memory()))
    plain = events(document)
    assert [e.session_id for e in found if isinstance(e, Event)] == ["atif:«r»"] * 2
    assert [e.id for e in found if isinstance(e, Event)] == [e.id for e in plain]


def test_trajectories_are_told_by_version_or_by_steps():
    assert ADAPTER.detect(b'{\n "schema_version": "ATIF-v1.9", ') > 0
    assert ADAPTER.detect(b'{"steps": [{"step_id": 1, "source": "user", "message": "hi"}]}') > 0
    assert ADAPTER.detect(b'{"steps": [{"step_id": 1}]}') == 0
    assert ADAPTER.detect(b'{"text": "\\"schema_version\\": \\"ATIF-v1.2\\""}') == 0


def test_no_fixture_of_another_adapter_is_claimed():
    others = [path for name in ADAPTERS if name != "atif" for path in fixtures(name)]
    assert [path.name for path in others if ADAPTER.detect(path.read_bytes()[:65_536])] == []


@real_files
def test_no_real_file_of_another_agent_is_claimed():
    heads = [(path, path.read_bytes()[:65_536]) for path in LOGS.rglob("*") if path.is_file()]
    assert [path for path, head in heads if ADAPTER.detect(head)] == []
