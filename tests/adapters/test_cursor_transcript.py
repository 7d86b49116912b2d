"""Cursor's transcripts: sessions named by their files, times where a prompt says one, and nothing guessed."""

from __future__ import annotations

import json

import pytest

from agentobs.adapters.cursor_transcript import ADAPTER
from agentobs.events import EARLIEST, Event, Item, Skip
from tests.adapters.golden import parse

SESSION, CHILD = "5b1f0000-0000-4000-8000-0000000000aa", "5b1f0000-0000-4000-8000-0000000000bb"


def read(*lines: dict, path: str = f"{SESSION}.jsonl") -> list[Item]:
    return parse(ADAPTER, b"".join(json.dumps(line).encode() + b"\n" for line in lines), path)


def message(role: str, *blocks: object) -> dict:
    return {
        "role": role,
        "message": {"content": [{"type": "text", "text": b} if isinstance(b, str) else b for b in blocks]},
    }


def first(*lines: dict, path: str = f"{SESSION}.jsonl") -> Event:
    (event,) = read(*lines, path=path)[:1]
    assert isinstance(event, Event)
    return event


@pytest.mark.parametrize(
    ("path", "session", "root"),
    [
        (f"agent-transcripts/{SESSION}/{SESSION}.jsonl", SESSION, None),
        (f"/home/dev/.cursor/projects/p/agent-transcripts/{SESSION}.jsonl", SESSION, None),
        (f"agent-transcripts/{SESSION}/subagents/{CHILD}.jsonl", CHILD, SESSION),
        ("copies/monday.jsonl", "cursor:monday", None),
    ],
)
def test_a_session_is_named_by_its_file(path, session, root):
    event = first(message("user", "Hello"), path=path)
    assert (event.session_id, event.root_session_id) == (session, root)


def test_the_folder_that_a_copy_lies_in_changes_no_id():
    ids = {first(message("user", "Hello"), path=f"{folder}/{SESSION}.jsonl").id for folder in ("a", "b/c", "")}
    assert len(ids) == 1


@pytest.mark.parametrize(
    ("said", "role", "summary"),
    [
        ("<user_query>\nFix it\n</user_query>", "user", "Fix it"),
        ("<attached_files>x</attached_files>\n<user_query>Fix it</user_query>", "user", "Fix it"),
        ("Fix it", "user", "Fix it"),
        ("<div> is not closed", "user", "<div> is not closed"),
        ("<system_reminder>be brief</system_reminder>", "system", "<system_reminder>be brief</system_reminder>"),
    ],
)
def test_prompts_are_what_people_wrote(said, role, summary):
    event = first(message("user", said))
    assert (event.role, event.summary) == (role, summary)


@pytest.mark.parametrize(
    ("said", "ts"),
    [
        ("Friday, Jul 17, 2026, 1:06 PM (UTC-4)", 1_784_307_960_000_000),
        ("Friday, Jul 17, 2026, 12:06 AM (UTC)", 1_784_246_760_000_000),
        ("Friday, July 17, 2026, 10:36 PM (UTC+5:30)", 1_784_307_960_000_000),
    ],
)
def test_a_prompt_may_say_its_time(said, ts):
    prompt, answer = read(message("user", f"<timestamp>{said}</timestamp>\nFix it"), message("assistant", "Done."))
    assert isinstance(prompt, Event)
    assert isinstance(answer, Event)
    assert [(event.ts, event.ts_quality) for event in (prompt, answer)] == [(ts, "exact"), (ts, "inherited")]


@pytest.mark.parametrize("said", ["yesterday", "Friday, Jul 32, 2026, 1:06 PM (UTC)", "Jul 1, 2026, 1:06 PM (UTC+99)"])
def test_without_a_time_only_the_order_is_known(said):
    events = read(message("user", f"<timestamp>{said}</timestamp>"), message("assistant", "Done."))
    assert [(event.ts, event.ts_quality) for event in events if isinstance(event, Event)] == [
        (EARLIEST, "none"),
        (EARLIEST + 1000, "none"),
    ]


def test_calls_have_ids_of_their_own_and_no_tokens():
    call = {"type": "tool_use", "name": "Shell", "input": {"command": "pytest"}}
    events = [item for item in read(message("assistant", "I test.", call, call)) if isinstance(item, Event)]
    assert [event.type for event in events] == ["llm_response", "test_run", "test_run"]
    assert len({event.tool_call_id for event in events}) == 3
    assert {event.usage for event in events} == {None}


@pytest.mark.parametrize(
    ("status", "made"),
    [
        ("success", "turn_ended"),
        ("aborted", "interrupted"),
        ("error", "error_encountered"),
        (None, "turn_ended"),
    ],
)
def test_how_a_turn_ended(status, made):
    (item,) = read({"type": "turn_ended", "status": status})
    assert made in (
        (item.reason,) if isinstance(item, Skip) else (item.status, item.type) if isinstance(item, Event) else ()
    )


def test_the_full_text_of_an_event():
    call = {"type": "tool_use", "name": "Shell", "input": {"command": "pytest"}}
    raw = first(message("assistant", "I test.", call)).raw or b""
    assert [ADAPTER.content(raw, part) for part in (0, 1, 2)] == ["I test.", "pytest", None]


@pytest.mark.parametrize(
    "head",
    [
        b'{"role": "user", "content": "Hello"}\n',
        b'{"type": "user", "message": {"role": "user", "content": []}}\n',
        b'{"role": "user", "message": {"content": []}, "uuid": "x"}\n',
    ],
)
def test_lines_of_others_are_not_claimed(head):
    assert ADAPTER.detect(head) == 0
