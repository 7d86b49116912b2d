"""Gemini CLI's documents: what comes again counts once, tokens in our terms, who wrote a prompt, how calls ended."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from agentobs.adapters.gemini_cli import ADAPTER
from agentobs.events import Event, Item, Reject, Skip, Usage
from tests.adapters.golden import FIXTURES, parse

FOLDER = FIXTURES / "gemini_cli"
LOGS = Path(__file__).parents[3] / "shared" / "logs"
FACTS = LOGS / "facts.json"
REAL = [row for row in json.loads(FACTS.read_text()) if row["format"] == "gemini_cli"] if FACTS.exists() else []
SESSION = "7c000000-0000-4000-8000-000000000001"
HEADER = {"sessionId": SESSION, "projectHash": "ab12", "startTime": "2026-04-01T09:00:00Z", "kind": "main"}


def fixture(name: str) -> list[Event]:
    return distinct(parse(ADAPTER, (FOLDER / name).read_bytes()))


def distinct(items: list[Item]) -> list[Event]:
    """Return each event once, as the store keeps it."""
    return list({item.id: item for item in items if isinstance(item, Event)}.values())


def log(*records: dict) -> list[Item]:
    return parse(ADAPTER, "".join(json.dumps(record) + "\n" for record in (HEADER, *records)).encode())


def document(*messages: dict, **header: object) -> list[Item]:
    return parse(ADAPTER, json.dumps({**HEADER, **header, "messages": messages}, indent=1).encode())


def message(kind: str = "gemini", content: object = "hello", native: str = "m1", **more: object) -> dict:
    return {"id": native, "timestamp": "2026-04-01T09:00:05Z", "type": kind, "content": content, **more}


def calls(events: list[Event]) -> dict[str, Usage]:
    """Return the usage of each response: of its revisions the one with the largest output."""
    found: dict[str, Usage] = {}
    for event in events:
        if event.usage is not None and event.usage_key is not None:
            best = found.get(event.usage_key)
            if best is None or (event.usage.output_tokens or 0) > (best.output_tokens or 0):
                found[event.usage_key] = event.usage
    return found


TOKENS = {"input": 100, "output": 20, "cached": 60, "thoughts": 5, "tool": 3, "total": 128}


def test_tokens_are_told_in_our_terms():
    (event,) = [event for event in distinct(document(message(tokens=TOKENS))) if event.usage]
    assert event.usage == Usage(43, 25, 60, reasoning_tokens=5)
    assert event.basis == "measured"


def test_tokens_that_nobody_told_are_unknown():
    events = distinct(document(message(tokens={"input": 7, "output": -1}), message(native="m2", tokens=None)))
    assert [event.usage for event in events if event.type == "llm_response"] == [Usage(7), None]


def test_a_message_that_comes_again_with_its_calls_is_one_response():
    call = {"id": "c1", "name": "glob", "args": {"pattern": "*"}, "status": "success", "result": []}
    events = distinct(log(message(tokens=TOKENS), message(tokens=TOKENS, toolCalls=[call])))
    assert [event.type for event in events] == ["session_start", "llm_response", "search_performed", "tool_result"]


def test_a_message_that_comes_again_with_its_tokens_is_a_revision_of_one_call():
    events = distinct(log(message(), message(tokens=TOKENS)))
    assert [event.type for event in events] == ["session_start", "llm_response", "llm_response"]
    assert calls(events) == {f"{SESSION}:m1": Usage(43, 25, 60, reasoning_tokens=5)}


def test_both_forms_give_the_same_events():
    messages = (message("user", "hi", "m0"), message(tokens=TOKENS))
    assert {event.id for event in distinct(document(*messages))} == {event.id for event in distinct(log(*messages))}


def test_a_document_that_grows_keeps_the_events_it_had():
    before = document(message("user"), summary="one", lastUpdated="2026-04-01T09:01:00Z")
    after = document(message("user"), message(native="m2"), summary="one", lastUpdated="2026-04-01T09:09:00Z")
    assert {event.id for event in distinct(before)} < {event.id for event in distinct(after)}


def test_a_call_that_runs_has_no_result_and_keeps_its_id_when_it_ends():
    running = {"id": "c1", "name": "glob", "args": {}, "status": "executing"}
    ended = running | {"status": "success", "result": [], "timestamp": "2026-04-01T09:00:09Z"}
    before, after = (distinct(document(message(toolCalls=[call]))) for call in (running, ended))
    assert [event.type for event in before] == ["session_start", "llm_response", "search_performed"]
    assert [event.id for event in before] == [event.id for event in after][:-1]
    assert after[-1].type == "tool_result"


def test_messages_listed_again_by_a_patch_are_the_same():
    plain = log(message("user", "hi"))
    again = log(message("user", "hi"), {"$set": {"messages": [message("user", "hi")]}})
    assert {event.id for event in distinct(again)} == {event.id for event in distinct(plain)}


def test_human_prompts_are_those_that_a_person_wrote():
    prompts = [
        event.summary for name in ("document.json", "log.jsonl") for event in fixture(name) if event.role == "user"
    ]
    assert prompts == ["Fix the rounding in @cart.py", "/init", "no id, no time", "And the cart's tests"]


def test_a_subagent_is_prompted_by_no_person():
    (event,) = [e for e in distinct(document(message("user"), kind="subagent")) if e.type == "user_interaction"]
    assert (event.role, event.native_type) == ("system", "user/subagent_prompt")


def test_how_calls_ended():
    ends = [(e.tool_name, e.status, e.exit_code) for e in fixture("document.json") if e.type == "tool_result"]
    assert ends == [
        ("read_file", "ok", None),
        ("glob", "ok", None),
        ("replace", "ok", None),
        ("run_shell_command", "error", 1),
        ("run_shell_command", "denied", None),
        ("web_fetch", "error", None),
    ]


def test_an_edit_names_its_file_and_counts_its_lines():
    (event,) = [e for e in fixture("document.json") if e.tool_name == "replace" and e.type == "tool_result"]
    assert (event.file_path, event.lines_added, event.lines_removed) == ("/home/dev/shop/cart.py", 2, 1)


def test_calls_without_an_id_are_joined_to_their_results():
    call = {"name": "glob", "args": {}, "status": "success"}
    events = distinct(document(message(toolCalls=[call, call])))
    joined = [(event.type, event.tool_call_id) for event in events if event.tool_call_id]
    assert len({key for _, key in joined}) == 2
    assert [key for kind, key in joined if kind == "tool_result"] == [k for kind, k in joined if kind != "tool_result"]


def test_ids_that_are_no_uuid_belong_to_their_session():
    one, two = (distinct(document(message(), sessionId=session)) for session in ("a", "b"))
    assert {event.session_id for event in one + two} == {"gemini_cli:a", "gemini_cli:b"}
    assert {event.id for event in one}.isdisjoint(event.id for event in two)


def test_a_broken_line_is_rejected_and_the_rest_is_read():
    items = parse(ADAPTER, (FOLDER / "log.jsonl").read_bytes())
    assert [type(item) for item in items[-3:]] == [Skip, Reject, Event]


def test_a_cut_document_is_one_reject():
    source = (FOLDER / "document.json").read_bytes()
    assert [type(item) for item in parse(ADAPTER, source[:-100])] == [Reject]


def test_without_a_session_nothing_is_told():
    assert parse(ADAPTER, b'{"sessionId":"","projectHash":"ab","messages":[{"type":"user","content":"x"}]}') == [
        Skip(0, "header_without_session"),
        Skip(1, "message_without_session"),
    ]


def test_the_text_of_each_record_can_be_read():
    texts = {e.native_type: ADAPTER.content(e.raw or b"", 0) for e in fixture("document.json")}
    assert texts["user"] == "Fix the rounding in @cart.py\n\n--- Content from referenced files ---\ndef total(): ..."
    assert texts["toolCall/result"] == "fetch failed"
    assert texts["summary"] == "Round the cart's total"
    assert msgspec.json.decode(texts["toolCall"] or "") == {"prompt": "read example.org"}


@pytest.mark.skipif(not REAL, reason="the real session files are not at ../shared/logs")
@pytest.mark.parametrize("row", REAL, ids=[row["file"][-40:] for row in REAL])
def test_real_documents_say_what_an_independent_count_says(row):
    source, facts = (LOGS / row["file"].removeprefix("dev/")).read_bytes(), row["facts"]
    events = distinct(parse(ADAPTER, source))
    if facts["session"] is None:
        assert (ADAPTER.detect(source[:65_536]), events) == (0, [])
        return
    assert ADAPTER.detect(source[:65_536]) > 0
    assert {event.session_id.removeprefix("gemini_cli:") for event in events} == {facts["session"]}
    results = {event.tool_call_id: event.status for event in events if event.type == "tool_result"}
    assert len(results) == facts["tool_calls"]
    assert list(results.values()).count("ok") == facts["tool_status"].get("success", 0)
    tokens = dict.fromkeys(("input", "output", "cached", "thoughts", "tool"), 0) | facts["tokens"]
    responses = calls(events).values()
    assert sum(usage.input_tokens or 0 for usage in responses) == tokens["input"] - tokens["cached"] + tokens["tool"]
    assert sum(usage.output_tokens or 0 for usage in responses) == tokens["output"] + tokens["thoughts"]
    assert sum(usage.cache_read_tokens or 0 for usage in responses) == tokens["cached"]
    assert not [event for event in events if event.type == "unknown"]


@pytest.mark.skipif(not LOGS.exists(), reason="the real session files are not at ../shared/logs")
def test_no_other_real_file_is_claimed():
    others = [path for path in LOGS.rglob("*") if path.is_file() and "gemini_cli" not in path.parts]
    claimed = []
    for path in others:
        with path.open("rb") as file:
            if ADAPTER.detect(file.read(65_536)):
                claimed.append(path.name)
    assert claimed == []
