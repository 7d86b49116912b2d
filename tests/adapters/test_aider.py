"""Aider's chat history: who speaks in which line, both forms of the token line, sessions, what aider did."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from agentobs.adapters._aider_words import report
from agentobs.adapters._base import NoMemory
from agentobs.adapters.aider import ADAPTER
from agentobs.events import Event, Item, Skip, Usage
from tests.adapters.golden import ADAPTERS, FIXTURES, fixtures

OLDER = FIXTURES / "aider" / "older.md"
NEWER = FIXTURES / "aider" / "newer.aider.chat.history.md"
TRIMMED = FIXTURES / "aider" / "trimmed.md"
LOGS = Path(__file__).parents[3] / "shared" / "logs"
real_files = pytest.mark.skipif(not LOGS.exists(), reason="the real session files are not at ../shared/logs")

START = "# aider chat started at 2026-03-09 14:00:00\n\n> Aider v0.86.1  \n"
AT = 1_773_064_800_000_000


def read(text: str | bytes) -> list[Item]:
    line = text if isinstance(text, bytes) else text.encode()
    return list(ADAPTER.parse([(0, line, line)], NoMemory()))


def events(text: str | bytes) -> list[Event]:
    return [item for item in read(text) if isinstance(item, Event)]


def fixture(path: Path) -> list[Event]:
    return events(path.read_bytes())


def said(text: str) -> list[tuple[str, str | None]]:
    return [(event.type, event.summary) for event in events(START + text)[1:]]


def test_human_prompts_are_what_a_person_wrote():
    prompts = [event.summary for path in (OLDER, NEWER, TRIMMED) for event in fixture(path) if event.role == "user"]
    assert prompts == [
        "The cart total is wrong.  > please fix it",
        "hello",
        "/add shop/cart.py",
        "Fix the cart",
        "/run git log --oneline | grep cart",
        "/model gpt-4o",
        "thanks",
        "/undo",
        "/test",
        "Explain the cart. Shortly.",
        "/exit",
        "no time",
    ]


@pytest.mark.parametrize(
    ("line", "usage", "exact", "cost"),
    [
        ("33784 prompt tokens, 51 completion tokens, $0.169685 cost", Usage(33784, 51), True, 0.169685),
        ("1,234 prompt tokens, 5 completion tokens", Usage(1234, 5), True, None),
        ("Tokens: 730 sent, 12 received. Cost: $0.00052 message, $1.12 session.", Usage(730, 12), True, 0.00052),
        (
            "Tokens: 2,500 sent, 120 cached, 20 received. Cost: $0.01 request, $0.02 session.",
            Usage(2380, 20, 120),
            True,
            0.01,
        ),
        ("Tokens: 12k sent, 1.5k received. Cost: $0.05 message, $0.12 session.", Usage(12_000, 1500), False, 0.05),
        ("Tokens: 1.2M sent, 999 received.", Usage(1_200_000, 999), False, None),
        ("Tokens: 12k sent, 8.1k cache hit, 1.5k received.", Usage(3900, 1500, 8100), False, None),
        ("Tokens: 2k sent, 8k cache hit, 15 received.", Usage(2000, 15, 8000), False, None),
        (
            "Tokens: 12k sent, 5.1k cache write, 3k cache hit, 15 received.\nCost: $0.05 message, $0.12 session.",
            Usage(3900, 15, 3000, 5100),
            False,
            0.05,
        ),
    ],
)
def test_a_token_line_is_exact_or_rounded_and_its_cost_is_that_of_the_message(line, usage, exact, cost):
    found = report(line)
    assert found is not None
    assert (found.usage, found.exact, found.cost_usd) == (usage, exact, cost)


@pytest.mark.parametrize("line", ["Tokens: unknown, Cost: unknown for llm-command", "Tokens: ", "12 prompt tokens", ""])
def test_what_reports_no_tokens_is_no_report(line):
    assert report(line) is None


@examples(
    st.from_regex(r"Tokens: [\d.,kM a-z]{0,60} received\.( Cost: \$[\d.,]{0,9} message, \$[\d.,]{0,9} session\.)?")
)
def test_no_token_line_stops_the_reading(line):
    found = report(line)
    assert found is None or found.usage != Usage()


def test_rounded_counts_are_estimated_and_exact_ones_measured():
    bases = {event.usage_key: event.basis for event in fixture(NEWER) if event.usage is not None}
    assert list(bases.values()) == ["estimated", "measured"]
    assert {event.basis for event in fixture(OLDER) if event.usage is not None} == {"measured"}


def test_an_answer_may_come_before_or_after_its_tokens():
    kinds = [event.type for event in fixture(OLDER)[1:4]]
    assert kinds == ["user_interaction", "llm_request", "llm_response"]
    assert [event.type for event in fixture(NEWER)[4:7]] == ["llm_response", "llm_response", "llm_request"]


def test_an_answer_at_the_end_of_the_file_is_not_lost():
    assert fixture(OLDER)[-1].summary == "Hello. The last answer has nothing after it."


def test_headings_and_quotations_inside_an_answer_are_part_of_it():
    text = "#### Why?  \n\nBecause:\n> quoted\n\n#### Plan\n\nWait.\n\n> Tokens: 1 sent, 2 received.  \n"
    assert said(text) == [
        ("user_interaction", "Why?"),
        ("llm_response", "Because: > quoted  #### Plan  Wait."),
        ("llm_request", None),
    ]


def test_where_an_editor_took_the_line_ends_away_the_marks_decide():
    start = START.replace("  \n", "\n")
    found = events(
        f"{start}\n#### Why?\n\nBecause.\n\n> Tokens: 1 sent, 2 received.\nCost: $0.01 message, $0.02 session.\n"
    )
    assert [event.type for event in found] == ["session_start", "user_interaction", "llm_response", "llm_request"]
    assert found[-1].reported_cost_usd == 0.01


def test_a_heading_in_a_trimmed_answer_is_a_prompt_only_where_tokens_came_before_answers():
    start = START.replace("  \n", "\n")
    newer = f"{start}\n#### Why?\n\n#### Because\n\nOf it.\n\n#### So\n\n> Tokens: 1 sent, 2 received.\n\n#### /exit\n"
    assert [event.summary for event in events(newer) if event.role == "user"] == ["Why?", "Because", "/exit"]
    older = f"{start}\n#### Why?\n> 9 prompt tokens, 2 completion tokens\n\nOf it.\n\n#### And?\n"
    assert [event.summary for event in events(older) if event.role == "user"] == ["Why?", "And?"]


def test_files_of_the_command_line_are_read():
    found = events(START + "> Added shop/cart.py to the chat.  \n> Added a.md to read-only files.  \n\n#### go  \n")
    assert [(event.type, event.file_path) for event in found[1:3]] == [
        ("file_read", "shop/cart.py"),
        ("file_read", "a.md"),
    ]


def test_aiders_own_words_go_on_until_a_line_with_two_spaces():
    text = "#### Fix  \n\n> # 1 block failed to match!\n\n## Details\n<<<<<<< SEARCH\n#### x\nend  \n\nAn answer.\n"
    assert said(text)[1:] == [
        ("user_interaction", "# 1 block failed to match!  ## Details <<<<<<< SEARCH #### x end"),
        ("llm_response", "An answer."),
    ]


def test_sessions_of_one_second_are_told_apart_by_their_repository_and_order():
    start = "# aider chat started at 2026-03-09 14:00:00\n\n> Git repo: {}  \n\n#### hi  \n\n"
    first = {event.session_id for event in events(start.format("a"))}
    other = {event.session_id for event in events(start.format("b"))}
    twice = {event.session_id for event in events(start.format("a") * 2)}
    assert len(first) == len(other) == 1
    assert first != other
    assert len(twice) == 2
    assert first < twice


def test_all_records_inherit_the_only_time_of_their_session():
    found = fixture(NEWER)
    assert {event.ts for event in found} == {AT}
    assert [event.ts_quality for event in found[:3]] == ["naive", "inherited", "inherited"]
    assert [event.ts_quality for event in fixture(TRIMMED)[-2:]] == ["none", "none"]


def test_a_history_that_grows_keeps_its_events():
    text = NEWER.read_text("utf-8")
    whole = [event.id for event in events(text)]
    prompts = [match.start() for match in re.finditer("^#### .*  $", text, re.MULTILINE)]
    for end in prompts[1:]:
        part = [event.id for event in events(text[:end])]
        assert part == whole[: len(part)]


def test_what_aider_did_are_calls_with_results():
    calls = [(event.tool_call_id, event.type, event.summary) for event in fixture(NEWER) if event.tool_call_id]
    assert [call for call in calls if call[1] != "tool_result"] == [
        ("add-1", "file_read", "shop/cart.py"),
        ("edit-1", "file_write", "shop/cart.py"),
        ("edit-2", "file_create", "tests/test_cart.py"),
        ("commit-1", "commit_created", "fix: Add tax to the cart once"),
        ("shell-1", "test_run", "pytest -q"),
        ("shell-2", "command_execute", "rm -rf build"),
        ("edit-3", "file_write", "secret.env"),
    ]
    ends = {event.tool_call_id: event.status for event in fixture(NEWER) if event.type == "tool_result"}
    assert ends == {"edit-1": "ok", "edit-2": "ok", "commit-1": "ok", "shell-2": "denied", "edit-3": "denied"}
    assert [event.commit for event in fixture(NEWER) if event.commit] == ["1a2b3c4"]


def test_failed_checks_are_runs_with_their_output():
    failed = [event for event in fixture(OLDER) if event.status == "error"]
    assert [(event.tool_name, event.call_type) for event in failed] == [
        ("lint", "tool_invocation"),
        ("test", "test_run"),
    ]
    (lint,) = [event for event in fixture(OLDER) if event.native_type == "lint"]
    assert lint.summary == "flake8 --select=E9 shop/cart.py"
    assert "undefined name 'tax'" in (ADAPTER.content(lint.raw or b"", 1) or "")


def test_errors_of_the_model_and_of_its_provider_are_errors():
    found = [event.summary for path in (OLDER, NEWER) for event in fixture(path) if event.type == "error_encountered"]
    assert found == [
        "The LLM did not conform to the edit format.",
        "Only 4 reflections allowed, stopping.",
        "litellm.RateLimitError: try again later",
    ]


def test_an_interruption_is_one():
    assert [event.status for event in events(START + "#### go  \n\n> ^C again to exit  \n")[2:]] == ["interrupted"]


def test_another_model_is_a_switch_and_counts_from_there():
    (switch,) = [event for event in fixture(NEWER) if event.type == "context_switch"]
    assert switch.summary == "Model: gpt-4o with whole edit format"
    models = [event.model for event in fixture(NEWER) if event.native_type == "tokens"]
    assert models == ["anthropic/claude-sonnet-4", "gpt-4o"]


def test_commands_of_the_person_say_what_they_do():
    commands = [(event.type, event.tool_name) for event in fixture(NEWER) if event.native_type == "user/command"]
    assert commands == [("command_execute", "/run"), ("rollback_performed", "/undo"), ("test_run", "/test")]
    assert [kind for kind, _ in said("#### !git commit -am x  \n")] == ["user_interaction", "commit_created"]


def test_the_full_text_of_an_event():
    thought = next(event.raw for event in fixture(NEWER) if event.native_type == "answer/thinking") or b""
    assert ADAPTER.content(thought, 0) == "The tax is added twice."
    assert ADAPTER.content(thought, 1) == "#### Plan\n\nI remove one tax, and run `pytest`."
    assert ADAPTER.content(thought, 2) is None
    prompt = next(event.raw for event in fixture(OLDER) if event.role == "user") or b""
    assert ADAPTER.content(prompt, 0) == "The cart total is wrong.\n\n> please fix it"


def test_windows_line_ends_and_a_byte_order_mark_change_nothing():
    text = NEWER.read_bytes()
    same = events(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))
    assert [event.id for event in same] == [event.id for event in fixture(NEWER)]
    assert ADAPTER.detect(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n")) == 0.95


def test_bytes_that_are_no_text_are_replaced_and_said_so():
    found = events(START.encode() + b"#### a\xff\x00b  \n")
    assert [(event.summary, event.sanitised) for event in found[1:]] == [("a\ufffd\ufffdb", True)]


def test_an_empty_document_is_skipped():
    assert read(b" \n") == [Skip(0, "blank")]


@pytest.mark.parametrize(
    "head", [b"# aider chat started at noon\n", b"text\n# aider chat started at 2026-03-09 14:00:00\n"]
)
def test_only_a_file_that_begins_with_a_session_is_claimed(head):
    assert ADAPTER.detect(head) == 0


def test_no_other_fixture_is_claimed():
    others = [path for name in ADAPTERS if name != "aider" for path in fixtures(name)]
    assert [path for path in others if ADAPTER.detect(path.read_bytes()[:65_536])] == []


@real_files
def test_of_the_real_files_its_own_are_claimed_and_no_other():
    for path in LOGS.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                score = ADAPTER.detect(file.read(65_536))
            own = "aider" in path.relative_to(LOGS).parts and path.name != "MANIFEST.md"
            assert (score > 0) == own, path


@real_files
def test_counts_of_the_real_files_agree_with_those_of_another_reader():
    rows = [row for row in json.loads((LOGS / "facts.json").read_text()) if row["format"] == "aider"]
    for row in rows:
        found = fixture(LOGS / row["file"].removeprefix("dev/"))
        sessions = [event for event in found if event.type == "session_start"]
        asked = [ADAPTER.content(event.raw or b"", 0) or "" for event in found if event.role == "user"]
        ours = {
            "sessions": len(sessions),
            "token_lines": sum(event.usage is not None for event in found),
            "user_lines": sum(text.count("\n") + 1 for text in asked),
        }
        assert ours == {key: row["facts"][key] for key in ours}, row["file"]
        assert len({event.session_id for event in sessions}) == len(sessions)
        assert all(event.reported_cost_usd for event in found if event.usage is not None)
        answers = sum(event.type == "llm_response" for event in found)
        assert answers == ours["token_lines"]
    assert len(rows) == 28
