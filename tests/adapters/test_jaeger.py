"""Jaeger's traces: microseconds, tags, references; a call that several nested spans tell of counts once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentobs.adapters._base import NoMemory
from agentobs.adapters.jaeger import ADAPTER
from agentobs.events import Event, Item, Reject, Skip, Usage
from tests.adapters.golden import FIXTURES

TRACE = FIXTURES / "jaeger" / "trace.json"
LOGS = Path(__file__).parents[3] / "shared" / "logs"
real_files = pytest.mark.skipif(not LOGS.exists(), reason="the real session files are not at ../shared/logs")


def read(document: object) -> list[Item]:
    line = document if isinstance(document, bytes) else json.dumps(document).encode()
    return list(ADAPTER.parse([(0, line, line)], NoMemory()))


def events(document: object) -> list[Event]:
    return [item for item in read(document) if isinstance(item, Event)]


def test_the_inner_one_of_two_nested_spans_has_the_usage():
    found = [(event.native_type, event.usage, event.is_copy) for event in events(TRACE.read_bytes())]
    assert [each for each in found if each[0] in ("call_llm", "openai.chat")] == [
        ("call_llm", None, True),
        ("openai.chat", Usage(32, 8, 32), False),
    ]


def test_spans_come_in_the_order_of_their_start_with_their_durations():
    items = read(TRACE.read_bytes())
    assert [item.offset for item in items] == [0, 1, 2, 3, 3, 4, 4]
    assert items[1] == Skip(1, "not_agent_work")
    found = events(TRACE.read_bytes())
    assert [(event.type, event.duration_ms) for event in found if event.duration_ms] == [
        ("session_start", 4000.0),
        ("llm_response", 2000.0),
        ("llm_response", 1800.0),
        ("tool_result", 100.0),
    ]


def test_the_process_names_the_agent_and_the_conversation_its_session():
    (who,) = {(e.agent, e.agent_version, e.machine, e.session_id) for e in events(TRACE.read_bytes())}
    assert who == ("shop_agent", "0.9", "box", "shop_agent:cart-ctx")


def test_a_span_with_an_error_tag_failed_for_the_reason_in_its_log():
    (result,) = [event for event in events(TRACE.read_bytes()) if event.type == "tool_result"]
    assert (result.status, result.summary) == ("error", "Timeout: no answer")


def test_the_full_text_of_an_event():
    texts = {(event.native_type, event.part): event for event in events(TRACE.read_bytes())}
    chat = texts["openai.chat", 0].raw or b""
    assert [ADAPTER.content(chat, part) for part in (0, 1, 2)] == ["Apples.", "list the cart", None]
    tool = texts["execute_tool", 0].raw or b""
    assert [ADAPTER.content(tool, part) for part in (0, 1)] == ['{"name":"cart"}', "apples"]


@pytest.mark.parametrize("wrap", [lambda trace: trace, lambda trace: [trace], lambda trace: {"data": [trace]}])
def test_a_trace_may_stand_alone_or_among_others(wrap):
    (trace,) = json.loads(TRACE.read_bytes())["data"]
    assert events(wrap(trace)) == events(TRACE.read_bytes())


def test_a_document_without_spans_is_skipped_or_rejected():
    assert read({"data": [{"traceID": "1", "spans": []}]}) == [Skip(0, "traces_without_spans")]
    for nothing in (b"{}", b"[]", b"nonsense", b'{"data":[]}'):
        (item,) = read(nothing)
        assert isinstance(item, Reject)


@pytest.mark.parametrize("start", [None, -1, True, "1", 1e300])
def test_a_span_without_a_time_says_so(start):
    trace = json.loads(TRACE.read_bytes())
    trace["data"][0]["spans"] = trace["data"][0]["spans"][:1]
    trace["data"][0]["spans"][0]["startTime"] = start
    (event,) = events(trace)
    assert (event.ts_quality, event.duration_ms) == ("none", None)


def real() -> dict[str, Path]:
    found = (LOGS / "otlp").rglob("*.json")
    return {path.name: path for path in found if b'"traceID"' in path.read_bytes()}


@real_files
def test_of_the_real_files_its_own_are_claimed_and_no_other():
    for path in LOGS.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                score = ADAPTER.detect(file.read(65_536))
            assert (score > 0) == (path in real().values()), path


@real_files
def test_counts_of_the_real_files_agree_with_those_of_another_reader():
    rows = {
        Path(row["file"]).name: row["facts"]
        for row in json.loads((LOGS / "facts.json").read_text())
        if row["format"] == "otlp" and row["facts"]["container"] == "jaeger-ui"
    }
    assert set(real()) == set(rows)
    for name, facts in rows.items():
        items = read(real()[name].read_bytes())
        found = [item for item in items if isinstance(item, Event)]
        usages = [event.usage for event in found if event.usage]
        assert len({item.offset for item in items}) == facts["spans"]
        sums = facts["token_attr_sums"]  # the outer span has gen_ai.usage.input_tokens, the inner one prompt_tokens
        read_tokens = sum(usage.cache_read_tokens or 0 for usage in usages)
        assert sum(usage.input_tokens or 0 for usage in usages) + read_tokens == sums["gen_ai.usage.prompt_tokens"]
        assert sum(usage.output_tokens or 0 for usage in usages) == sums["gen_ai.usage.completion_tokens"]
        assert read_tokens == sums.get("gen_ai.usage.cache_read_input_tokens", 0)
        assert sum(u.reasoning_tokens or 0 for u in usages) == sums.get("gen_ai.usage.reasoning_tokens", 0)
        assert sums["gen_ai.usage.input_tokens"] == sums["gen_ai.usage.prompt_tokens"]
        assert len([event for event in found if event.role == "user"]) == 1
        assert len({event.session_id for event in found}) == 1
