"""OTLP/JSON: whose tokens count, what a span becomes, what the agents' own telemetry says, whatever the spelling."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agentobs.adapters._otel_batch import read_batch
from agentobs.adapters._otel_lenient import batch_of
from agentobs.adapters._otel_state import MOST, Memory
from agentobs.adapters.otlp import ADAPTER, MOST_PARTS
from agentobs.events import Event, Item, Reject, Skip, Usage
from tests.adapters.golden import FIXTURES, lines_of

TRACES = FIXTURES / "otlp" / "traces.jsonl"
AGENTS = FIXTURES / "otlp" / "agents.jsonl"
LOGS = Path(__file__).parents[3] / "shared" / "logs"
real_files = pytest.mark.skipif(not LOGS.exists(), reason="the real session files are not at ../shared/logs")
START = 1_788_253_200_000_000_000  # more than a double holds exactly
TRACE = "0af7651916cd43dd8448eb211c80319c"


def value(said: object) -> dict[str, Any]:
    kind = {bool: "boolValue", int: "intValue", float: "doubleValue", str: "stringValue"}[type(said)]
    return {kind: str(said) if type(said) is int else said}


def attributes(**said: object) -> list[dict[str, Any]]:
    return [{"key": name.replace("__", "."), "value": value(each)} for name, each in said.items()]


def span(own: str, parent: str = "", name: str = "step", **said: object) -> dict[str, Any]:
    start = START + int(own, 16) * 1_000_000_000
    return {
        "traceId": TRACE,
        "spanId": own.rjust(16, "0"),
        "parentSpanId": parent and parent.rjust(16, "0"),
        "name": name,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 1_500_000_000),
        "attributes": attributes(**said),
    }


def chat(own: str, parent: str = "", given: int = 10, answered: int = 2, **said: object) -> dict[str, Any]:
    usage = {"gen_ai__usage__input_tokens": given, "gen_ai__usage__output_tokens": answered}
    return span(own, parent, "chat", gen_ai__operation__name="chat", **usage, **said)


def request(*spans: dict[str, Any], **resource: object) -> bytes:
    group = {"resource": {"attributes": attributes(**resource)}, "scopeSpans": [{"spans": list(spans)}]}
    return json.dumps({"resourceSpans": [group]}).encode()


def read(*lines: bytes, memory: Memory | None = None) -> list[Item]:
    known = memory or Memory()
    return list(ADAPTER.parse([(number, line, line) for number, line in enumerate(lines)], known))


def events(*lines: bytes) -> list[Event]:
    return [item for item in read(*lines) if isinstance(item, Event)]


def fixture(path: Path) -> list[Event]:
    items = ADAPTER.parse(lines_of(path.read_bytes()), Memory())
    return [item for item in items if isinstance(item, Event)]


def counted(found: list[Event]) -> dict[str, tuple[int, int]]:
    """Return what counts: of each usage_key the largest snapshot."""
    calls: dict[str, tuple[int, int]] = {}
    for event in found:
        if event.usage is not None and event.usage_key is not None:
            size = (event.usage.output_tokens or 0, event.usage.input_tokens or 0)
            calls[event.usage_key] = max(calls.get(event.usage_key, (0, 0)), size)
    return calls


@pytest.mark.parametrize("order", ["child_first", "parent_first", "one_line", "one_line_turned"])
def test_a_parent_that_repeats_the_usage_of_its_child_counts_once(order):
    child, between, parent = chat("c", "b", 10, 2), span("b", "a"), chat("a", "", 10, 2)
    lines = {
        "child_first": [request(child), request(between), request(parent)],
        "parent_first": [request(parent), request(between), request(child)],
        "one_line": [request(child, between, parent)],
        "one_line_turned": [request(parent, child, between)],
    }[order]
    assert list(counted(events(*lines)).values()) == [(2, 10)]


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("turned", [True, False])
def test_an_agent_that_sums_up_its_calls_adds_nothing(together, turned):
    spans = [chat("c", "a", 10, 2), chat("d", "a", 30, 5), chat("a", "", 40, 7)]
    spans = spans[::-1] if turned else spans
    lines = [request(*spans)] if together else [request(each) for each in spans]
    found = counted(events(*lines)).values()
    assert (sum(output for output, _ in found), sum(given for _, given in found)) == (7, 40)


def test_an_agent_without_calls_of_its_own_keeps_what_it_reports():
    (event,) = events(request(span("a", gen_ai__operation__name="invoke_agent", gen_ai__usage__input_tokens=9)))
    assert (event.type, event.usage, event.basis) == ("llm_response", Usage(input_tokens=9), "reported")


def test_each_response_of_the_fixture_counts_once():
    assert counted(fixture(TRACES)) == {
        "resp-0000000000000001": (30, 20),
        "resp-0000000000000002": (20, 180),
        "chatcmpl-0000000000000001": (5, 50),
        "2af7651916cd43dd8448eb211c80319c:20f067aa0ba902b1": (9, 40),
        "3af7651916cd43dd8448eb211c80319c:30f067aa0ba902b1": (7, 70),
        "4af7651916cd43dd8448eb211c80319c:40f067aa0ba902b1": (0, 8),
    }


def test_the_input_is_without_the_cache_and_a_write_without_a_lifetime_is_estimated():
    (event,) = [event for event in fixture(TRACES) if event.agent == "smol" and event.usage]
    assert (event.usage, event.basis, event.reported_cost_usd) == (Usage(40, 9, 40, 10), "estimated", 0.002)


def test_a_prompt_is_an_event_once_however_often_it_is_sent():
    prompts = [(event.agent, event.summary) for event in fixture(TRACES) if event.role == "user"]
    assert prompts == [
        ("shop_assistant", "Why is the cart total wrong?"),
        ("helper", "Say hello"),
        ("smol", "List the files"),
        ("web", "Add tax to the cart"),
    ]


def test_the_same_words_said_again_in_a_conversation_are_another_prompt():
    def turn(trace: str, said: list[str]) -> bytes:
        messages = json.dumps([{"role": "user", "content": each} for each in said])
        one = chat("1", gen_ai__conversation__id="talk", gen_ai__input__messages=messages)
        return request(one | {"traceId": trace * 32})

    found = events(turn("1", ["go on"]), turn("2", ["go on"]), turn("3", ["go on", "go on"]))
    assert len([event for event in found if event.role == "user"]) == 2


def test_a_tool_is_a_call_and_a_result_with_its_duration():
    call, result = (event for event in fixture(TRACES) if event.tool_call_id == "call_cart000000000000001")
    assert (call.type, call.summary, call.part, call.ts) == ("test_run", "pytest -q cart", 3, 1_788_253_203_000_000)
    assert (result.type, result.call_type, result.status) == ("tool_result", "test_run", "error")
    assert (result.duration_ms, result.ts - call.ts, result.parent_event_id) == (500.0, 500_000, call.id)


def test_a_tool_without_an_id_or_a_status_is_named_after_its_span_and_went_well():
    call, result = events(request(span("1", name="execute_tool grep", gen_ai__operation__name="execute_tool")))
    assert (call.tool_name, call.type) == ("grep", "search_performed")
    assert call.tool_call_id == result.tool_call_id == f"{TRACE}:0000000000000001"
    assert result.status == "ok"


def test_an_exception_is_the_error_of_a_model_call():
    failed = [event for event in fixture(TRACES) if event.type == "error_encountered"]
    assert [(event.summary, event.severity) for event in failed] == [("RateLimitError: slow down", "error")]


def test_infrastructure_is_skipped_and_what_looks_like_an_agent_is_kept():
    http = span("1", name="GET", http__method="GET", gen_ai__conversation__id="talk")
    assert read(request(http)) == [Skip(0, "not_agent_work")]
    (event,) = events(request(span("1", gen_ai__operation__name="dream")))
    assert (event.type, event.native_type) == ("unknown", "dream")


def test_the_session_is_the_conversation_else_the_trace():
    said = span("1", gen_ai__operation__name="dream", gen_ai__conversation__id="talk")
    silent = span("2", gen_ai__operation__name="dream")
    assert {event.session_id for event in events(request(said, silent, service__name="My Bot"))} == {"my_bot:talk"}
    (alone,) = events(request(silent))
    assert (alone.session_id, alone.agent) == (TRACE, "otel")


def test_a_trace_stays_in_its_session_over_lines():
    said = request(chat("1", "9", gen_ai__conversation__id="talk"), service__name="bot")
    root = request(span("9", gen_ai__operation__name="invoke_agent"), service__name="gateway")
    assert [event.session_id for event in events(said, root)] == ["bot:talk", "bot:talk"]


def test_telemetry_of_an_agent_with_files_is_in_its_session_and_is_a_copy():
    found = {(event.agent, event.session_id) for event in fixture(AGENTS) if event.is_copy}
    assert found >= {
        ("claude_code", "5e000000-0000-4000-8000-00000000000c"),
        ("codex", "5e000000-0000-7000-8000-00000000000d"),
        ("gemini_cli", "5e000000-0000-4000-8000-00000000000e"),
    }
    own = {event.native_type for event in fixture(AGENTS) if event.agent == "claude_code" and not event.is_copy}
    assert own == {
        "claude_code.tool_decision",
        "claude_code.permission_mode_changed",
        "claude_code.subagent_completed",
        "claude_code.something_new",
        "claude_code.tool.blocked_on_user",
    }


def test_a_response_that_a_record_and_a_span_tell_of_counts_once():
    usages = [(event.agent, event.usage_key, event.usage, event.basis) for event in fixture(AGENTS) if event.usage]
    assert sorted(set(usages), key=str) == [
        ("claude_code", "req_011Cart00000000000001", Usage(4, 200, 9000, 500), "reported"),
        (
            "codex",
            "5e000000-0000-7000-8000-00000000000d:200-1000-80-32",
            Usage(200, 80, 1000, reasoning_tokens=32),
            "reported",
        ),
        (
            "gemini_cli",
            "5e000000-0000-4000-8000-00000000000e:2010-3000-100-60",
            Usage(2010, 100, 3000, reasoning_tokens=60),
            "reported",
        ),
        ("py_agent", "7af7651916cd43dd8448eb211c80319c:70f067aa0ba902b3", Usage(33, 3), "measured"),
    ]
    assert len(usages) == 6


def test_decisions_say_what_was_answered_and_a_rejected_call_has_a_result():
    found = [
        (event.agent, event.type, event.status, event.tool_call_id)
        for event in fixture(AGENTS)
        if (event.native_type or "").endswith("tool_decision")
    ]
    assert found == [
        ("claude_code", "user_interaction", None, None),
        ("claude_code", "tool_result", "denied", "toolu_01Cart0000000000000002"),
        ("codex", "user_interaction", None, None),
        ("codex", "tool_result", "denied", "call_codexcart000000000002"),
    ]


def test_tools_of_the_agents_have_kinds_durations_and_outcomes():
    found = [
        (event.agent, event.tool_name, event.call_type, event.status, event.duration_ms)
        for event in fixture(AGENTS)
        if event.type == "tool_result" and not (event.native_type or "").endswith("tool_decision")
    ]
    assert found == [
        ("claude_code", "Bash", "test_run", "error", 1800.0),
        ("claude_code", "Bash", "test_run", "error", 3000.0),  # the span, with the wait for a permission
        ("codex", "shell", "commit_created", "ok", 900.0),
        ("gemini_cli", "read_file", "file_read", "ok", 12),
        ("gemini_cli", "run_shell_command", "command_execute", "denied", 4),
    ]


def test_redacted_prompts_say_nothing():
    (event,) = [event for event in fixture(AGENTS) if event.native_type == "codex.user_prompt"]
    assert (event.role, event.summary) == ("user", None)


def test_the_fast_reading_and_the_lenient_one_agree():
    for path in (TRACES, AGENTS):
        for _, line, _ in lines_of(path.read_bytes()):
            fast = read_batch(line, line)
            if isinstance(fast, str) or b"resource_spans" in line:
                continue
            slow = batch_of(json.loads(line))
            assert slow is not None
            for one, other in zip(fast.spans + fast.logs, slow.spans + slow.logs, strict=True):
                other.digest = one.digest
                assert one == other


@pytest.mark.parametrize(
    "change",
    [
        lambda span: span | {"startTimeUnixNano": int(span["startTimeUnixNano"])},
        lambda span: span | {"status": {"code": "STATUS_CODE_OK"}},
        lambda span: span | {"traceId": TRACE.upper()},
        lambda span: span | {"traceId": "Cvdl" + "GRbNQ92ESOshHIAxnA=="},
        lambda span: span | {"attributes": [*span["attributes"], {"key": "new", "value": {"newValue": {"a": []}}}]},
        lambda span: span | {"flags": 256, "links": [{"traceId": TRACE}], "unheard": {"of": []}},
    ],
)
def test_a_span_may_be_spelt_in_several_ways(change):
    plain, changed = events(request(chat("1"))), events(request(change(chat("1"))))
    assert [(event.ts, event.session_id, event.usage) for event in changed] == [
        (event.ts, event.session_id, event.usage) for event in plain
    ]


def test_numbers_may_be_texts_and_what_is_none_is_unknown():
    one = span("1", gen_ai__operation__name="chat", gen_ai__usage__input_tokens="12", gen_ai__usage__output_tokens="x")
    (event,) = events(request(one))
    assert event.usage == Usage(input_tokens=12)


def test_the_counts_of_mlflow_are_read_from_their_json():
    said = json.dumps({"input_tokens": 30, "output_tokens": 4, "total_tokens": 34})
    (event,) = events(request(span("1", mlflow__spanType='"CHAT_MODEL"', mlflow__chat__tokenUsage=said)))
    assert event.usage == Usage(input_tokens=30, output_tokens=4)


def test_a_retried_export_gives_the_same_events_in_another_batch():
    first, second = chat("1"), chat("2")
    both, alone = events(request(first, second)), events(request(second))
    assert [event.id for event in both if event.native_id == alone[0].native_id] == [event.id for event in alone]


def test_a_batch_beyond_the_parts_of_a_record_is_refused_with_a_reason():
    (item,) = read(request(*(chat(f"{number:x}") for number in range(1, MOST_PARTS // 3 + 2))))
    assert isinstance(item, Reject)
    assert "smaller ones" in item.reason


def test_what_is_remembered_stays_small():
    memory = Memory()
    messages = json.dumps([{"role": "user", "content": "hi"}])
    for number in range(1, 2 * MOST):
        one = chat(f"{number:x}", "f" * 16, gen_ai__conversation__id=f"c{number}", gen_ai__input__messages=messages)
        read(request(one | {"traceId": f"{number:032x}"}), memory=memory)
    assert {len(memory.sessions), len(memory.prompts), len(memory.counted)} == {MOST}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"resourceMetrics":[]}', "metrics"),
        (b'{"resourceSpans":[]}', "empty_batch"),
        (b"  ", "blank"),
    ],
)
def test_lines_without_anything_for_us_are_skipped(line, reason):
    assert read(line) == [Skip(0, reason)]


@pytest.mark.parametrize("line", [b"{}", b"[]", b"null", b'{"resourceSpans":1}', b"nonsense", b"[" * 999])
def test_what_is_no_export_request_is_rejected(line):
    (item,) = read(line)
    assert isinstance(item, Reject)


def test_the_full_text_of_an_event_is_found_by_its_part():
    found = fixture(TRACES)
    raw = {event.offset: event.raw for event in found if event.raw is not None}
    texts = {event.summary: ADAPTER.content(raw[event.offset] or b"", event.part) for event in found}
    assert texts["Why is the cart total wrong?"] == "Why is the cart total wrong?"
    assert texts["The cart adds tax twice."] == "The cart adds tax twice."
    assert texts["pytest -q cart"] == "pytest -q cart"
    assert texts["exit code 1"] == "1 failed"
    assert texts["RateLimitError: slow down"] == "RateLimitError: slow down"


def test_the_full_text_is_found_where_an_earlier_line_had_the_prompt():
    messages = json.dumps([{"role": "user", "content": "hello"}])
    one = chat("1", gen_ai__input__messages=messages, gen_ai__completion__0__content="first")
    two = chat("2", gen_ai__input__messages=messages, gen_ai__completion__0__content="second")
    found = events(request(one), request(two))
    assert [(event.role, event.offset) for event in found] == [("user", 0), ("assistant", 0), ("assistant", 1)]
    assert ADAPTER.content(found[2].raw or b"", found[2].part) == "second"


def test_a_document_with_line_breaks_is_not_one_of_lines():
    document = json.loads(request(chat("1")))
    assert ADAPTER.detect(json.dumps(document).encode()) > 0
    assert ADAPTER.detect(json.dumps(document, indent=1).encode()) == 0


def real() -> list[Path]:
    return sorted((LOGS / "otlp").rglob("*_traces.jsonl"))


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
    assert len(real()) == 4
    for path in real():
        found, facts = fixture(path), rows[path.name]
        assert len({event.native_id for event in found}) == facts["spans"]
        assert {event.offset for event in found} == {offset for offset, _, _ in lines_of(path.read_bytes())}
        assert all(event.session_id.encode() in path.read_bytes() for event in found)  # conversations, two in one trace
        assert facts["token_attr_sums"] == {}
        assert all(event.usage is None for event in found)
        assert sum(event.status == "error" for event in found) == facts["error_spans"]
