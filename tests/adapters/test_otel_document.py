"""Documents of spans: Tempo, Phoenix, an SDK's own lists, Langfuse, OTLP/JSON with line breaks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentobs.adapters._base import NoMemory
from agentobs.adapters.otel_document import ADAPTER
from agentobs.events import Event, Item, Reject, Skip, Usage
from tests.adapters.golden import FIXTURES

FOLDER = FIXTURES / "otel_document"
LOGS = Path(__file__).parents[3] / "shared" / "logs"
real_files = pytest.mark.skipif(not LOGS.exists(), reason="the real session files are not at ../shared/logs")


def read(document: object) -> list[Item]:
    line = document if isinstance(document, bytes) else json.dumps(document).encode()
    return list(ADAPTER.parse([(0, line, line)], NoMemory()))


def events(document: object) -> list[Event]:
    return [item for item in read(document) if isinstance(item, Event)]


def fixture(name: str) -> list[Event]:
    return events((FOLDER / name).read_bytes())


@pytest.mark.parametrize(
    ("name", "usages"),
    [
        ("tempo.json", [Usage(11, 2)]),
        ("phoenix.json", [Usage(40, 4)]),
        ("sdk_spans.json", [Usage(100, 20)]),  # three spans of one call
        ("langfuse.json", [Usage(20, 6, 80)]),  # its input is without the cache already
        ("logs.json", []),
        ("telemetry.log", [Usage(60, 7, 40, reasoning_tokens=2)]),
    ],
)
def test_each_call_counts_once(name, usages):
    assert [event.usage for event in fixture(name) if event.usage] == usages


@pytest.mark.parametrize(
    ("name", "prompts"),
    [
        ("tempo.json", []),
        ("phoenix.json", ["Count the cart"]),
        ("sdk_spans.json", ["What is in the cart?"]),
        ("langfuse.json", ["Refund the cart"]),
        ("logs.json", ["Empty the cart"]),
        ("spans.jsonl", ["Count the cart"]),
        ("telemetry.log", ["Sort the cart"]),
    ],
)
def test_what_a_person_asked_is_one_prompt(name, prompts):
    assert [event.summary for event in fixture(name) if event.role == "user"] == prompts


@pytest.mark.parametrize(
    ("name", "session"),
    [
        ("tempo.json", "shop:cart-talk"),
        ("phoenix.json", "otel:phoenix-1"),
        ("sdk_spans.json", "aaf7651916cd43dd8448eb211c80319c"),
        ("langfuse.json", "otel:lf-session"),
        ("logs.json", "5e000000-0000-4000-8000-00000000000c"),
        ("telemetry.log", "5e000000-0000-4000-8000-00000000000e"),
    ],
)
def test_all_spans_of_a_trace_are_in_one_session(name, session):
    assert {event.session_id for event in fixture(name)} == {session}


def test_failures_have_their_reasons():
    found = [
        (event.type, event.status, event.summary)
        for name in ("tempo.json", "phoenix.json", "langfuse.json")
        for event in fixture(name)
        if event.status == "error"
    ]
    assert found == [
        ("session_start", "error", "invoke_agent"),
        ("tool_result", "error", "KeyError: cart"),
        ("tool_result", "error", "card expired"),
    ]


@pytest.mark.parametrize("scale", [1, 1000, 1_000_000, 1_000_000_000])
def test_the_size_of_a_time_tells_its_unit(scale):
    one = {"trace_id": "1", "span_id": "2", "name": "x", "attributes": {"gen_ai.operation.name": "chat"}}
    nanoseconds = 1_788_253_200_000_000_000
    (event,) = events([one | {"start_time": nanoseconds // scale}])
    assert event.ts == nanoseconds // 1000


def test_records_that_stand_one_after_the_other_are_read_also_around_a_damaged_one():
    whole = (FOLDER / "telemetry.log").read_bytes()
    damaged = whole.replace(b'"Sort the cart"', b'"Sort the', 1)
    assert [event.id for event in events(damaged)] == [event.id for event in events(whole)][1:]
    assert [event.tool_name for event in events(whole) if event.type == "tool_result"] == ["read_file"]


def test_costs_that_were_reported_are_kept():
    assert [event.reported_cost_usd for event in fixture("langfuse.json") if event.usage] == [0.0004]


def test_spans_that_are_no_agents_work_are_skipped():
    assert Skip(2, "not_agent_work") in read((FOLDER / "tempo.json").read_bytes())
    assert Skip(1, "log_without_session") in read((FOLDER / "logs.json").read_bytes())


def test_the_full_text_of_an_event():
    records = {
        (name, event.native_type): event.raw
        for name in ("phoenix.json", "langfuse.json", "logs.json", "tempo.json")
        for event in fixture(name)
        if event.raw is not None
    }
    chat = records["phoenix.json", "ChatCompletion"]
    assert [ADAPTER.content(chat, part) for part in (0, 1, 2)] == ["Two.", "Count the cart", None]
    assert ADAPTER.content(records["langfuse.json", "answer"], 0) == "Refunded."
    assert ADAPTER.content(records["logs.json", "claude_code.user_prompt"], 0) == "Empty the cart"
    assert ADAPTER.content(records["tempo.json", "chat"], 0) is None


def test_what_langfuse_keeps_of_a_span_says_what_it_was():
    kept = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "bash", "gen_ai.conversation.id": "talk"}
    metadata = {"attributes": json.dumps(kept), "resourceAttributes": {"service.name": "shop"}}
    one = {"id": "2", "traceId": "1", "type": "SPAN", "startTime": "2026-09-01T09:00:00Z", "metadata": metadata}
    (call,) = events({"observations": [one | {"input": '{"command": "ls"}'}]})
    assert (call.type, call.tool_name, call.summary) == ("command_execute", "bash", "ls")
    assert (call.agent, call.session_id) == ("shop", "shop:talk")


def test_line_breaks_change_nothing():
    document = json.loads((FOLDER / "langfuse.json").read_bytes())
    assert [event.id for event in events(document)] == [event.id for event in fixture("langfuse.json")]


@pytest.mark.parametrize("document", [b"{}", b"[]", b"nonsense", b'{"batches":[]}', b"[1, 2]", b"[" * 500])
def test_what_has_no_spans_is_rejected(document):
    (item,) = read(document)
    assert isinstance(item, Reject)


def real() -> list[Path]:
    return sorted((LOGS / "otlp").rglob("tempo_*.json"))


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
        Path(row["file"]).name: row["facts"]
        for row in json.loads((LOGS / "facts.json").read_text())
        if row["format"] == "otlp"
    }
    assert len(real()) == 1
    for path in real():
        items, facts = read(path.read_bytes()), rows[path.name]
        found = [item for item in items if isinstance(item, Event)]
        usages = [event.usage for event in found if event.usage]
        sums = facts["token_attr_sums"]  # each call stands there in three nested spans
        assert len({item.offset for item in items}) == facts["spans"]
        assert sum(usage.input_tokens or 0 for usage in usages) * 3 == sums["gen_ai.usage.input_tokens"]
        assert sum(usage.output_tokens or 0 for usage in usages) * 3 == sums["gen_ai.usage.output_tokens"]
        assert len({event.session_id for event in found}) == 1
