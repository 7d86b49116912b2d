"""AgentEvent as a file: what we write comes back, what others send has one identity, what is wrong is said."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agentobs.adapters import agent_event, native
from agentobs.events import Event, Item, Reject, wire
from tests.adapters.golden import ADAPTERS, FIXTURES, fixtures, parse
from tests.events.made import events

LOGS = Path(__file__).parents[3] / "shared" / "logs"
real_files = pytest.mark.skipif(not LOGS.exists(), reason="the real session files are not at ../shared/logs")
SENT = {"timestamp": "2026-03-09T10:00:00Z", "type": "tool_invocation", "agentId": "mine", "sessionId": "s1"}
PLACE = ("offset", "part", "raw")


def sent(**changes: object) -> bytes:
    return json.dumps({**SENT, **changes}).encode()


def lines(*records: bytes) -> list[Item]:
    return parse(native.ADAPTER, b"\n".join(records) + b"\n")


def document(*records: bytes) -> list[Item]:
    return parse(agent_event.ADAPTER, b"[\n  " + b",\n  ".join(records) + b"\n]")


def read(*records: bytes) -> list[Event]:
    found = lines(*records)
    assert all(isinstance(item, Event) for item in found)
    return [item for item in found if isinstance(item, Event)]


@settings(deadline=None)
@given(st.lists(events(), max_size=4))
def test_exported_events_come_back_as_they_were(given_events):
    assume(not any(b"\\u0000" in wire.encode(event) for event in given_events))  # no event of ours holds a NUL
    for event in given_events:  # of one response, with tokens that a response can have
        if event.usage is None or event.usage.total_tokens > 10**9 or (event.usage.reasoning_tokens or 0) > 10**9:
            event.usage = event.usage_key = event.basis = None
        else:
            event.usage_key, event.basis = event.usage_key or "msg_1", event.basis or "measured"
            event.usage = event.usage if event.usage.total_tokens or event.usage.speed else None
            event.usage_key, event.basis = (event.usage_key, event.basis) if event.usage else (None, None)
        event.call_type = "command_execute" if event.call_type else None
        event.data = event.data and msgspec.json.format(event.data, indent=-1)
    for found in (lines(*map(wire.encode, given_events)), document(*map(wire.encode, given_events))):
        back = [item for item in found if isinstance(item, Event)]
        for one, event in zip(back, given_events, strict=True):
            changed = {name for name in Event.__struct_fields__ if getattr(one, name) != getattr(event, name)}
            assert changed <= {*PLACE}


def test_the_same_record_has_one_id_as_a_line_and_in_a_document():
    records = [sent(), sent(id="u1"), sent(id="0b9b3c39-6b8e-4b1f-9a50-0123456789ab"), sent()]
    laid_out = [json.dumps(json.loads(record), indent=4).encode() for record in records]
    by_line = [(item.id, item.digest) for item in lines(*records) if isinstance(item, Event)]
    assert by_line == [(item.id, item.digest) for item in document(*laid_out) if isinstance(item, Event)]
    assert len(by_line) == 4


def test_equal_records_without_an_id_are_different_events_and_those_with_one_are_copies():
    assert len({event.id for event in read(sent(), sent(), sent())}) == 3
    assert len({event.id for event in read(sent(id="u1"), sent(id="u1"))}) == 1


def test_the_first_of_equal_records_has_the_id_that_the_wire_gives():
    body = msgspec.json.format(sent(), indent=-1)
    assert read(body)[0].id == wire.decode(body).id


def test_the_agent_is_the_one_that_the_record_names():
    assert [event.agent for event in read(sent(), sent(agentId="another"))] == ["mine", "another"]


def test_usage_without_a_key_counts_as_a_response_of_its_own():
    first, second = read(*[sent(type="llm_response", metrics={"usage": {"inputTokens": 5}})] * 2)
    assert first.usage_key != second.usage_key
    assert (first.basis, second.basis) == ("measured", "measured")


def test_a_short_key_of_others_names_a_response_of_its_session_only():
    used = {"metrics": {"usage": {"inputTokens": 5}, "usageKey": "r1"}}
    first, again, other = read(sent(**used), sent(**used, id="u2"), sent(**used, sessionId="s2"))
    assert first.usage_key == again.usage_key == "s1:r1"
    assert other.usage_key == "s2:r1"


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b'{"type": "llm_request"', "truncated"),
        (b"[]", "Expected `object`"),
        (sent(agentId=""), "$.agentId"),
        (sent(timestamp="soon"), "timestamp 'soon' is no time"),
        (sent(severity="fatal"), "severity 'fatal'"),
        (sent(metrics={"basis": "guessed"}), "metrics.basis 'guessed'"),
        (sent(metrics={"usage": {"inputTokens": -1}}), "$.metrics.usage.inputTokens"),
        (sent(metrics={"usage": {"inputTokens": 10**10}}), "no response has so many"),
        (sent(context={"role": "king"}), "context.role 'king'"),
        (sent(data=[1]), "data must be an object"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "nested deeper"),
    ],
)
def test_what_is_not_valid_is_rejected_with_its_reason(record, reason):
    for found in (lines(record), document(record)):
        (item,) = found
        assert isinstance(item, Reject)
        assert reason in item.reason or "not JSON" in item.reason or "nested" in item.reason


def test_a_broken_document_is_one_reject():
    (item,) = parse(agent_event.ADAPTER, b"[" + sent()[:40])
    assert isinstance(item, Reject)


def test_content_is_what_the_data_says_else_the_summary():
    record = sent(data={"command": "ls"}, context={"summary": "list"})
    assert native.ADAPTER.content(record, 0) == "ls"
    assert native.ADAPTER.content(sent(context={"summary": "list"}), 0) == "list"
    assert native.ADAPTER.content(record, 1) is None


def test_lines_and_documents_are_told_apart_and_from_a_claude_record_with_an_agent():
    record = sent()
    heads = {
        "native": [record, b"oops\n" + record + b"\n" + record, sent(data={"text": "x" * 70_000})[:65_536]],
        "agent_event": [
            b"[" + record + b"]",
            b'{"events": [' + record + b",",
            json.dumps(json.loads(record), indent=1).encode(),
        ],
        None: [sent(type="assistant"), b"[" + sent(type="user") + b"]", b"{}", b"[1]"],
    }
    for name, given_heads in heads.items():
        for head in given_heads:
            scores = {"native": native.detect(head), "agent_event": agent_event.detect(head)}
            assert [key for key, score in scores.items() if score] == ([name] if name else [])


def test_no_fixture_of_another_adapter_is_claimed():
    others = [path for name in ADAPTERS if name not in ("native", "agent_event") for path in fixtures(name)]
    heads = [(path, path.read_bytes()[:65_536]) for path in others]
    assert [path.name for path, head in heads if native.detect(head) or agent_event.detect(head)] == []


@real_files
def test_no_real_file_of_another_agent_is_claimed():
    heads = [(path, path.read_bytes()[:65_536]) for path in LOGS.rglob("*") if path.is_file()]
    assert [path for path, head in heads if native.detect(head) or agent_event.detect(head)] == []


def test_fixtures_are_of_every_kind():
    found = parse(native.ADAPTER, (FIXTURES / "native" / "events.jsonl").read_bytes())
    assert {type(item).__name__ for item in found} == {"Event", "Skip", "Reject"}
