"""Copilot Chat's sessions: rounds and what the window shows of them, outcomes, ends, whose session it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentobs.adapters._base import NoMemory
from agentobs.adapters._copilot_chat_log import UNREAD, replayed
from agentobs.adapters.copilot_chat import ADAPTER
from agentobs.events import Event, Item, Reject, Skip, Usage
from tests.adapters.golden import ADAPTERS, FIXTURES, fixtures

EXPORT = FIXTURES / "copilot_chat" / "export.json"
REPLAY = FIXTURES / "copilot_chat" / "debug.chatreplay.json"
STORED = FIXTURES / "copilot_chat" / "stored.json"
OPERATIONS = FIXTURES / "copilot_chat" / "operations.jsonl"
LOGS = Path(__file__).parents[3] / "shared" / "logs"
real_files = pytest.mark.skipif(not LOGS.exists(), reason="the real session files are not at ../shared/logs")


def read(document: object) -> list[Item]:
    line = document if isinstance(document, bytes) else json.dumps(document).encode()
    return list(ADAPTER.parse([(0, line, line)], NoMemory()))


def events(document: object) -> list[Event]:
    return [item for item in read(document) if isinstance(item, Event)]


def fixture(path: Path) -> list[Event]:
    return events(path.read_bytes())


def chat(**request: object) -> dict:
    return {"sessionId": "s", "requests": [{"requestId": "r", "timestamp": 1_773_050_400_000, **request}]}


def test_human_prompts_are_the_messages_of_requests():
    prompts = [event.summary for event in fixture(EXPORT) if event.role == "user"]
    assert prompts == ["The cart total is wrong. Please fix it.", "Now add tax.", "Try again."]
    assert {event.type for event in fixture(EXPORT) if event.role == "user"} == {"user_interaction"}


def test_the_rounds_are_the_calls_and_the_window_repeats_them():
    calls = [(event.tool_name, event.type) for event in fixture(EXPORT) if event.native_type == "assistant/tool_call"]
    assert calls == [
        ("read_file", "file_read"),
        ("grep_search", "search_performed"),
        ("run_in_terminal", "test_run"),
        ("mcp_shop_price", "tool_invocation"),
        ("mcp_shop_stock", "tool_invocation"),
        ("replace_string_in_file", "file_write"),
        ("create_file", "file_create"),
    ]
    skipped = {item.reason for item in read(EXPORT.read_bytes()) if isinstance(item, Skip)}
    assert {"response/markdown", "response/toolInvocationSerialized", "response/textEditGroup"} < skipped


def test_how_a_call_ended_is_what_its_result_or_the_window_says():
    results = [event for event in fixture(EXPORT) if event.type == "tool_result"]
    assert [(event.tool_name, event.call_type, event.status, event.exit_code) for event in results] == [
        ("read_file", "file_read", "ok", None),
        ("grep_search", "search_performed", "ok", None),
        ("run_in_terminal", "test_run", "error", 1),
        ("mcp_shop_price", "tool_invocation", "error", None),
        ("mcp_shop_stock", "tool_invocation", "denied", None),
        ("replace_string_in_file", "file_write", "error", None),
        (None, None, "ok", None),
    ]
    calls = {event.tool_call_id for event in fixture(EXPORT) if event.native_type == "assistant/tool_call"}
    assert [event.tool_call_id in calls for event in results] == [True] * 6 + [False]


def test_what_the_window_shows_counts_where_no_round_tells():
    found = [event for event in fixture(STORED) if event.role in ("assistant", "tool")]
    assert [(event.type, event.tool_name or event.summary, event.status) for event in found] == [
        ("llm_response", "Look first.", None),
        ("llm_response", "I look it up.", None),
        ("search_performed", "run_in_terminal", None),
        ("tool_result", "run_in_terminal", "ok"),
        ("tool_invocation", "copilot_fetchWebPage", None),
        ("tool_invocation", "mcp_shop_price", None),
        ("tool_result", "mcp_shop_price", "denied"),
        ("file_write", "/home/dev/shop/tax.py", None),
        ("llm_response", "A cart.", None),
        ("llm_response", "odd", None),
        ("llm_request", None, None),
    ]


def test_a_request_ends_done_cancelled_or_failed():
    ends = [event for event in fixture(EXPORT) if (event.native_type or "").startswith("result")]
    assert [(event.native_type, event.type, event.status, event.summary) for event in ends] == [
        ("result", "llm_request", None, None),
        ("result", "llm_request", None, None),
        ("result/cancelled", "user_interaction", "interrupted", "Canceled"),
        ("result", "llm_request", None, None),
        ("result/error", "error_encountered", None, "Sorry, your request failed. Reason: no more credit"),
    ]
    assert [event.ts - 1_773_050_400_000_000 for event in ends] == [
        10_000_000,
        21_500_000,
        21_500_000,
        31_000_000,
        31_000_000,
    ]


def test_the_version_is_that_of_the_extension():
    assert {event.agent_version for event in fixture(EXPORT)} == {"0.36.1"}


def test_a_request_that_goes_on_has_no_end():
    assert [event.native_type for event in events(chat(message={"text": "hi"}))] == ["session", "user"]


def test_tokens_of_a_request_are_reported_and_most_requests_tell_none():
    (told,) = [event for event in fixture(EXPORT) if event.usage is not None]
    assert (told.usage, told.basis, told.model) == (Usage(3000, 120), "reported", "claude-sonnet-4-5")
    assert told.usage_key == f"{told.session_id}:request_5a000000-0000-4000-8000-000000000001"
    (inside,) = [
        event
        for event in events(chat(result={"metadata": {"promptTokens": 5, "outputTokens": 2}}))
        if event.usage is not None
    ]
    assert inside.usage == Usage(5, 2)


@pytest.mark.parametrize(
    ("document", "session"),
    [
        ({"sessionId": "own", "requests": [{"result": {"metadata": {"sessionId": "other"}}}]}, "own"),
        ({"requests": [{"requestId": "r"}, {"result": {"metadata": {"sessionId": "later"}}}]}, "later"),
        ({"requests": [{"requestId": "r"}]}, "copilot_chat:r"),
    ],
)
def test_the_session_is_its_own_id_or_what_its_results_name(document, session):
    assert {event.session_id for event in events(document)} == {session}


def test_a_request_in_which_nobody_asked_is_no_prompt():
    (_, nobody) = events({"sessionId": "s", "requests": [{"requestId": "r"}]})
    assert (nobody.type, nobody.role) == ("unknown", None)


def test_a_chat_without_any_id_is_skipped():
    assert read({"requests": []}) == [Skip(0, "session_without_id")]
    assert read({"requests": [{}]}) == [Skip(0, "session_without_id"), Skip(1, "request_without_session")]


def test_a_session_keeps_its_record_when_requests_are_added():
    document = json.loads(STORED.read_bytes())
    before = events({**document, "requests": document["requests"][:1], "lastMessageDate": 1})
    after = events(document)
    assert [event.id for event in before] == [event.id for event in after][: len(before)]


def test_what_was_asked_keeps_its_record_when_its_answer_comes():
    asked, answered = events(chat(message={"text": "hi"})), events(chat(message={"text": "hi"}, result={}))
    assert [event.id for event in asked] == [event.id for event in answered[:2]]
    assert len(answered) == 3


def test_results_have_the_time_of_their_request_and_say_that_it_is_inherited():
    qualities = {event.native_type: event.ts_quality for event in fixture(EXPORT)}
    assert qualities["user"] == qualities["assistant/text"] == qualities["assistant/tool_call"] == "exact"
    assert qualities["assistant/tool_result"] == qualities["session"] == "inherited"


def test_the_full_text_of_an_event():
    found = {(event.native_type, event.part, event.tool_name): event for event in fixture(EXPORT)}
    first = next(event.raw for event in fixture(EXPORT) if event.native_type == "assistant/thinking") or b""
    assert [ADAPTER.content(first, part) for part in (0, 1)] == ["The cart adds tax twice.", "I look at the cart."]
    assert json.loads(ADAPTER.content(first, 3) or "") == {"query": "total\\("}
    assert ADAPTER.content(first, 4) is None
    assert ADAPTER.content(found["assistant/tool_result", 0, "read_file"].raw or b"", 0) == "def total(cart): ..."
    prompt = next(event.raw for event in fixture(EXPORT) if event.role == "user") or b""
    assert ADAPTER.content(prompt, 0) == "The cart total is wrong.\nPlease fix it."
    failed = [event.raw for event in fixture(EXPORT) if event.native_type == "result"][-1] or b""
    assert ADAPTER.content(failed, 1) == "Sorry, your request failed.\nReason: no more credit"


def test_a_debug_export_tells_the_usage_of_each_request_without_what_was_cached():
    (told,) = [event for event in fixture(REPLAY) if event.usage is not None]
    assert (told.usage, told.basis, told.model) == (Usage(200, 50, 800, None, None, 10), "measured", "claude-sonnet-4")
    assert (told.usage_key, told.duration_ms) == ("copilot_chat:5a000000-prompt:5a000000-prompt:00000001", 3000.0)


def test_a_debug_export_holds_prompts_requests_and_calls():
    found = [(event.type, event.tool_name, event.summary) for event in fixture(REPLAY)]
    assert found == [
        ("user_interaction", None, "fix the cart"),
        ("llm_request", None, "panel/editAgent"),
        ("llm_response", None, "I look at the cart."),
        ("file_read", "read_file", "/home/dev/shop/cart.py"),
        ("tool_result", "read_file", None),
        ("test_run", "run_in_terminal", "pytest -q"),
        ("llm_request", None, "panel/editAgent"),
        ("error_encountered", None, "failed"),
        ("unknown", None, None),
    ]


def test_a_prompt_alone_is_a_debug_export_too():
    (alone,) = json.loads(REPLAY.read_bytes())["prompts"]
    assert events(alone) == fixture(REPLAY)
    assert ADAPTER.detect(json.dumps(alone).encode()) == 0.9


def operations(*entries: object) -> bytes:
    first = {"kind": 0, "v": {"version": 3, "sessionId": "s", "creationDate": 1, "requests": []}}
    return b"".join(json.dumps(entry).encode() + b"\n" for entry in (first, *entries))


def session(*entries: object) -> dict:
    return json.loads(replayed(operations(*entries)))


def test_an_operation_log_is_the_session_that_it_ends_with():
    found = json.loads(replayed(OPERATIONS.read_bytes()))
    assert [request["message"]["text"] for request in found["requests"]] == ["Read the cart.", "Terminal finished."]
    assert "vote" not in found["requests"][0]
    written_whole = [event.id for event in events({key: value for key, value in found.items() if key != UNREAD})]
    assert [event.id for event in events(replayed(OPERATIONS.read_bytes()))] == written_whole


@pytest.mark.parametrize(
    ("entry", "requests"),
    [
        ({"kind": 1, "k": ["requests", 1], "v": 9}, [1, 9, 3]),
        ({"kind": 1, "k": ["requests", 3], "v": 9}, [1, 2, 3, 9]),
        ({"kind": 1, "k": ["requests", 4], "v": 9}, [1, 2, 3, None, 9]),
        ({"kind": 2, "k": ["requests"], "v": [4, 5]}, [1, 2, 3, 4, 5]),
        ({"kind": 2, "k": ["requests"], "v": [4], "i": 1}, [1, 4]),
        ({"kind": 2, "k": ["requests"], "i": 0}, []),
        ({"kind": 2, "k": ["requests"], "i": 4}, [1, 2, 3, None]),
        ({"kind": 3, "k": ["requests", 0]}, [None, 2, 3]),
        ({"kind": 3, "k": ["requests"]}, None),
        ({"kind": 1, "k": ["requests"]}, None),
        ({"kind": 0, "v": {"requests": [7]}}, [7]),
    ],
)
def test_an_operation_changes_one_place(entry, requests):
    before = {"kind": 2, "k": ["requests"], "v": [1, 2, 3]}
    assert session(before, entry).get("requests") == requests


def test_a_list_that_is_not_there_begins_with_what_is_appended():
    assert session({"kind": 2, "k": ["pendingRequests"], "v": [1]})["pendingRequests"] == [1]


@pytest.mark.parametrize(
    "entry",
    [
        "odd",
        {"kind": 9, "k": ["requests"]},
        {"kind": 1, "k": []},
        {"kind": 1, "k": ["nowhere", "inside"], "v": 1},
        {"kind": 1, "k": ["requests", 10**9], "v": 1},
        {"kind": 1, "k": ["requests", "0"], "v": 1},
        {"kind": 2, "k": ["version"], "v": [1]},
        {"kind": 2, "k": ["requests"], "v": 1},
        {"kind": 2, "k": ["requests"], "i": -1},
    ],
)
def test_a_replay_ends_at_the_first_operation_that_cannot_be_done(entry):
    found = session(
        {"kind": 1, "k": ["customTitle"], "v": "before"}, entry, {"kind": 1, "k": ["customTitle"], "v": "after"}
    )
    assert found["customTitle"] == "before"
    assert len(found[UNREAD]) == 2
    rejected = [item for item in read(found) if isinstance(item, Reject)]
    assert [item.offset for item in rejected] == [1, 2]


def test_a_line_that_is_still_being_written_waits():
    found = json.loads(replayed(operations({"kind": 1, "k": ["customTitle"], "v": "t"}) + b'{"kind":1,"k":["customTi'))
    assert (found["customTitle"], UNREAD in found) == ("t", False)
    whole = json.loads(replayed(operations() + b'{"kind":1,"k":["customTitle"],"v":"t"}'))
    assert whole["customTitle"] == "t"


def test_a_log_whose_first_line_is_cut_is_refused():
    with pytest.raises(ValueError, match="cut"):
        replayed(operations()[:-9])


def test_what_vscode_itself_told_the_model_is_no_prompt():
    found = events(chat(message={"text": "Terminal finished."}, isSystemInitiated=True))
    assert [(event.role, event.native_type) for event in found] == [
        ("system", "session"),
        ("system", "user/system_initiated"),
    ]


@pytest.mark.parametrize("line", [b"[]", b"{}", b'{"requests":7}', b"nonsense", b"[" * 500])
def test_what_is_no_chat_is_rejected(line):
    (item,) = read(line)
    assert isinstance(item, Reject)


def test_no_other_fixture_is_claimed():
    others = [path for name in ADAPTERS if name != "copilot_chat" for path in fixtures(name)]
    assert [path for path in others if ADAPTER.detect(path.read_bytes()[:65_536])] == []


@real_files
def test_of_the_real_files_its_own_are_claimed_and_no_other():
    for path in LOGS.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                score = ADAPTER.detect(file.read(65_536))
            own = "copilot_chat" in path.relative_to(LOGS).parts and path.suffix == ".json"
            assert (score > 0) == own, path


@real_files
def test_counts_of_the_real_files_agree_with_those_of_another_reader():
    rows = [row for row in json.loads((LOGS / "facts.json").read_text()) if row["format"] == "copilot_chat"]
    differences = set()
    for row in rows:
        ours, theirs = counted(LOGS / row["file"].removeprefix("dev/")), row["facts"]
        differences |= {(Path(row["file"]).name, key) for key, value in ours.items() if theirs[key] != value}
    assert len(rows) == 8
    assert differences == set(EXPLAINED)


EXPLAINED = {
    ("in_progress_chat.json", "tool_calls_in_rounds"): "no round is written yet: the call that the window shows",
    ("in_progress_chat.json", "models"): "the request has no end yet",
}


def counted(path: Path) -> dict[str, object]:
    items = read(path.read_bytes())
    found = [item for item in items if isinstance(item, Event)]
    assert len({event.session_id for event in found}) <= 1
    rounds = {item.offset for item in items if isinstance(item, Skip) and item.reason == "empty_round"}
    rounds |= {event.offset for event in found if json.loads(event.raw or b"{}").get("toolCalls") is not None}
    models = [f"{event.provider}/{event.model}" for event in found if event.native_type == "result"]
    return {
        "requests": sum(event.role == "user" for event in found),
        "tool_call_rounds": len(rounds),
        "tool_calls_in_rounds": sum(event.native_type == "assistant/tool_call" for event in found),
        "models": {model: models.count(model) for model in models},
    }
