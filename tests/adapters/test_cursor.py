"""Cursor's databases: what is a session, who spoke, how calls ended, and what is not known."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agentobs.adapters._cursor_tools import call_of
from agentobs.adapters.cursor import ADAPTER
from agentobs.events import EARLIEST, SENTINEL, Event, Item, Skip
from tests.adapters.golden import ADAPTERS, FIXTURES, fixtures, parse

GLOBAL = FIXTURES / "cursor" / "globalStorage" / "state.vscdb"
LOGS = Path(__file__).parents[3] / "shared" / "logs"
COMPOSER = "5b1f0000-0000-4000-8000-00000000000a"


def stored(rows: dict[str, object], items: dict[str, object] | None = None, path: str = "") -> list[Item]:
    """What a database with these keys and values gives; values that are no texts are JSON."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for table, values in (("cursorDiskKV", rows), ("ItemTable", items)):
            if values is not None:
                connection.execute(f"CREATE TABLE {table} (key TEXT UNIQUE, value BLOB)")
                cells = [
                    (key, value if isinstance(value, str | None) else json.dumps(value))
                    for key, value in values.items()
                ]
                connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", cells)
        return parse(ADAPTER, connection.serialize(), path)


def said(**bubble: object) -> list[Event]:
    """The events of one message of a session, without that of the session."""
    found = stored({f"bubbleId:{COMPOSER}:b1": bubble})
    return [item for item in found if isinstance(item, Event)][1:]


def called(name: str = "grep", status: str = "completed", **tool: object) -> list[Event]:
    return said(type=2, toolFormerData={"name": name, "status": status, "toolCallId": "t", **tool})


def test_prompts_are_what_people_wrote():
    events = [item for item in parse(ADAPTER, GLOBAL.read_bytes()) if isinstance(item, Event)]
    prompts = [event.summary for event in events if event.role == "user"]
    assert prompts == ["The cart total is wrong. Please fix it.", "A prompt whose session is gone"]
    subagents = {event.session_id: event.root_session_id for event in events if event.root_session_id}
    assert subagents == {"5b1f0000-0000-4000-8000-000000000002": "5b1f0000-0000-4000-8000-000000000001"}


@pytest.mark.parametrize(
    ("tool", "status"),
    [
        ({"status": "completed"}, "ok"),
        ({"status": "completed", "result": '{"exitCodeV2": 0}'}, "ok"),
        ({"status": "completed", "result": '{"exitCode": 2}'}, "error"),
        ({"status": "completed", "result": '{"rejected": true}'}, "denied"),
        ({"status": "completed", "additionalData": {"status": "error"}}, "error"),
        ({"status": "completed", "result": '{"error": {"message": "x"}}'}, "error"),
        (
            {"status": "completed", "result": '{"endedReason": "RUN_TERMINAL_COMMAND_ENDED_REASON_ABORTED"}'},
            "interrupted",
        ),
        ({"status": "error", "error": "no such file"}, "error"),
        ({"status": "cancelled"}, "interrupted"),
        ({"status": "cancelled", "userDecision": "rejected"}, "denied"),
    ],
)
def test_how_a_call_ended(tool, status):
    _, result = called(**tool)
    assert (result.type, result.status) == ("tool_result", status)


@pytest.mark.parametrize("status", ["loading", "pending", "", None, 7, ["completed"]])
def test_a_call_that_has_not_ended_has_no_result(status):
    (call,) = called(status=status, params='{"pattern": "total"}')
    assert (call.type, call.summary) == ("search_performed", "total")


def test_a_call_that_ended_is_a_version_of_the_same_call():
    (running,), (done, _) = called(status="loading"), called()
    assert running.id != done.id
    assert running.tool_call_id == done.tool_call_id


def test_an_error_says_what_the_model_was_told():
    _, result = called(status="error", error='{"modelVisibleErrorMessage": "No match for old_string"}')
    assert result.summary == "No match for old_string"


@pytest.mark.parametrize(
    ("name", "asked", "kind", "summary"),
    [
        ("read_file_v2", {"targetFile": "/a.py"}, "file_read", "/a.py"),
        ("Read", {"path": "/a.py"}, "file_read", "/a.py"),
        ("edit_file_v2", {"relativeWorkspacePath": "a.py"}, "file_write", "a.py"),
        ("StrReplace", {"path": "/a.py"}, "file_write", "/a.py"),
        ("delete_file", {"target_file": "/a.py"}, "file_delete", "/a.py"),
        ("run_terminal_cmd", {"command": "git commit -m x"}, "commit_created", "git commit -m x"),
        ("run_terminal_command_v2", {"command": "ls"}, "command_execute", "ls"),
        ("Shell", {"command": "pytest"}, "test_run", "pytest"),
        ("codebase_search", {"query": "totals"}, "search_performed", "totals"),
        ("list_dir_v2", {"targetDirectory": "/src"}, "search_performed", "/src"),
        ("mcp_linear_get_issue", {"query": "NHI-1"}, "tool_invocation", "mcp_linear_get_issue: NHI-1"),
        ("todo_write", {}, "tool_invocation", "todo_write"),
        (None, {}, "tool_invocation", None),
    ],
)
def test_calls_are_what_they_do(name, asked, kind, summary):
    call = call_of(name, asked)
    assert (call.kind, call.summary) == (kind, summary)


@pytest.mark.parametrize(
    "tokens", [None, {}, {"inputTokens": 0, "outputTokens": 0}, {"inputTokens": -1}, {"inputTokens": "9"}]
)
def test_tokens_that_are_zero_or_none_are_unknown(tokens):
    (answer,) = said(type=2, text="Done.", tokenCount=tokens)
    assert (answer.usage, answer.usage_key, answer.basis) == (None, None, None)


def test_tokens_without_a_text_are_a_model_call():
    (call,) = said(type=2, bubbleId="b1", tokenCount={"inputTokens": 5, "outputTokens": 7})
    assert (call.type, call.usage_key, call.basis) == ("llm_request", f"{COMPOSER}:b1", "estimated")


def test_a_model_is_what_the_message_names():
    (named,), (unnamed,) = (said(type=2, text="x", modelInfo={"modelName": name}) for name in ("gpt-5", "default"))
    assert (named.model, unnamed.model) == ("gpt-5", None)


@pytest.mark.parametrize(
    ("times", "ts", "quality"),
    [
        ({"createdAt": "2026-07-17T17:33:25.305Z"}, 1_784_309_605_305_000, "exact"),
        ({"createdAt": 1_784_309_605_305}, 1_784_309_605_305_000, "exact"),
        (
            {"timingInfo": {"clientStartTime": 98813.1, "clientRpcSendTime": 1_784_309_605_305}},
            1_784_309_605_305_000,
            "exact",
        ),
        ({"timingInfo": {"clientRpcSendTime": 98813.1}}, EARLIEST + 1000, "none"),
        ({"createdAt": "1990-01-01T00:00:00Z"}, SENTINEL, "clamped"),
        ({"createdAt": "yesterday"}, EARLIEST + 1000, "none"),
        ({}, EARLIEST + 1000, "none"),
    ],
)
def test_times_are_those_of_the_message(times, ts, quality):
    (event,) = said(type=2, text="x", **times)
    assert (event.ts, event.ts_quality) == (ts, quality)


def test_messages_come_in_the_order_that_the_session_lists():
    order = [{"bubbleId": "b", "type": 1}, {"bubbleId": "a", "type": 2}]
    rows = {f"composerData:{COMPOSER}": {"fullConversationHeadersOnly": order}}
    rows |= {f"bubbleId:{COMPOSER}:{name}": {"text": name} for name in "abc"}
    found = [item for item in stored(rows) if isinstance(item, Event)]
    assert [(event.summary, event.native_type) for event in found[1:]] == [
        ("b", "user/text"), ("a", "assistant/text"), ("c", "message")
    ]  # fmt: skip


def test_a_prompt_of_the_editor_is_its_text():
    rich = {"root": {"children": [{"children": [{"text": "Fix"}, {"text": "it"}]}, {"children": [{"text": "now"}]}]}}
    (prompt,) = said(type=1, text="", richText=json.dumps(rich))
    assert (prompt.role, prompt.summary) == ("user", "Fix it now")


def test_a_prompt_is_one_whatever_is_attached_to_it():
    (first,), (again,) = (said(type=1, text="Fix it", requestId=name, workspaceUris=[]) for name in ("", "r1"))
    assert (first.id, first.digest) == (again.id, again.digest)


def test_what_cursor_keeps_for_itself_is_not_taken():
    events = [item for item in parse(ADAPTER, GLOBAL.read_bytes()) if isinstance(item, Event)]
    kept = b"".join(event.raw or b"" for event in events)
    assert b"not-ours" not in kept
    assert b"toolCallBinary" not in kept


def test_prompts_of_a_workspace_count_where_no_session_holds_them():
    history = {"aiService.prompts": [{"text": "Explain the cart"}]}
    place = "workspaceStorage/5f0c/state.vscdb"
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE ItemTable (key TEXT, value BLOB)")
        connection.execute(
            "INSERT INTO ItemTable VALUES ('aiService.prompts', ?)", (json.dumps(history["aiService.prompts"]),)
        )
        alone, nowhere = (parse(ADAPTER, connection.serialize(), path) for path in (place, ""))
    (prompt,) = alone
    assert isinstance(prompt, Event)
    assert (prompt.role, prompt.session_id, prompt.ts_quality) == ("user", "cursor:5f0c", "none")
    assert nowhere == [Skip(0, "prompt_without_workspace")]
    assert stored({}, history, place) == [Skip(0, "no_sessions")]


@pytest.mark.parametrize(
    "value", [None, "nonsense", "[]", '"text"', "{" * 400, '{"type": 1, "text": "\\ud800\\u0000"}', "{}"]
)
def test_a_value_that_cannot_be_read_stops_nothing(value):
    rows = {
        f"composerData:{COMPOSER}": value,
        f"bubbleId:{COMPOSER}:b1": value,
        "bubbleId:": value,
        "composerData:": value,
    }
    items = stored(rows, {"composer.composerData": value, "aiService.prompts": value, "other": value})
    assert items
    assert all(isinstance(item, (Event, Skip)) for item in items)


def test_a_session_kept_as_json_in_json_is_read():
    inner = json.dumps({"type": 1, "text": "Fix it"})
    found = stored({f"bubbleId:{COMPOSER}:b1": json.dumps(inner)})
    assert [item.summary for item in found if isinstance(item, Event)] == [None, "Fix it"]


def test_a_database_of_another_program_is_refused():
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE cursorDiskKV (a, b)")
        with pytest.raises(ValueError, match="not a database of Cursor"):
            parse(ADAPTER, connection.serialize())


def test_an_editor_that_is_not_cursor_is_not_claimed():
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)")
        connection.execute("INSERT INTO ItemTable VALUES ('workbench.sideBar.size', '1')")
        assert ADAPTER.detect(connection.serialize()) == 0


def test_the_full_text_of_an_event():
    (thought, answer, *_), (call, result) = (
        said(type=2, thinking={"text": "Hm."}, text="Done."),
        called("run_terminal_cmd", params='{"command": "ls"}', result='{"output": "a\\nb"}'),
    )
    assert [ADAPTER.content(thought.raw or b"", part) for part in (0, 1, 2)] == ["Hm.", "Done.", None]
    assert [ADAPTER.content(call.raw or b"", part) for part in (0, 1, 2)] == ["ls", "a\nb", None]
    assert (answer.raw, result.raw) == (None, None)


def test_no_other_fixture_is_claimed():
    others = [path for name in ADAPTERS if name != "cursor" for path in fixtures(name)]
    assert [path for path in others if ADAPTER.detect(path.read_bytes()[:65_536])] == []


@pytest.mark.skipif(not LOGS.exists(), reason="the real session files are not at ../shared/logs")
@pytest.mark.parametrize("name", ["cursor", "cursor_transcript"])
def test_no_real_file_of_another_format_is_claimed(name):
    for path in LOGS.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                assert ADAPTERS[name].detect(file.read(65_536)) == 0, path
