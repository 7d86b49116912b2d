"""A session seen both in its files and by telemetry is one session, in whatever order and pieces it is read.

The reader holds every frame against the folder's, which knows no order.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentobs.ingest import backfill
from agentobs.settings import Settings
from agentobs.store import engine
from agentobs.store.rebuild import rebuild
from agentobs.workbench import Workbench
from agentobs.workbench.database import Database
from agentobs.workbench.folder import Folder
from tests.accounting.conftest import FRAMES, Files, Reader, assert_adds_up, in_every_order
from tests.accounting.records import HAIKU, Record, answer, envelope, line_of, name, prompt, usage
from tests.accounting.said import column, lanes, rows
from tests.accounting.telemetry import (
    CODEX,
    GEMINI,
    TOOL,
    active,
    answered,
    asked,
    decided,
    event,
    logs,
    ran,
)

FIXTURES = Path(__file__).parent.parent / "fixtures"


def at(second: float) -> str:
    return f"2026-03-09T12:00:{second:06.3f}Z"


def used(second: float, **more: Any) -> Record:
    record = answer(usage(3, 40), message="m1", request="r1", uuid="use", at=at(second), **more)
    record["message"]["content"] = [{"type": "tool_use", "id": TOOL, "name": "Bash", "input": {"command": "ls"}}]
    return record


def gave(second: float, **more: Any) -> Record:
    content = [{"type": "tool_result", "tool_use_id": TOOL, "content": "a.py"}]
    return envelope(
        "user", "gave", more.pop("session", "a"), at(second), message={"role": "user", "content": content}, **more
    )


def in_file(session: str = "a") -> list[Record]:
    return [
        prompt("List the files", uuid=f"p{session}", session=session, at=at(0)),
        used(1, session=session),
        gave(5, session=session),
        answer(usage(5, 60), message="m2", request="r2", uuid=f"end{session}", session=session, at=at(7)),
    ]


def told(session: str = "a") -> list[bytes]:
    return [
        logs(asked("List the files", at=at(0.01), session=session)),
        logs(
            answered("r1", 3, 40, at=at(1.1), session=session),
            answered("title", 7, 2, model=HAIKU, at=at(1.2), session=session),  # stands in no file
        ),
        logs(decided(at=at(2), session=session), ran(250, at=at(4.9), session=session)),
        active(2.5, "user", at=at(6), session=session),
        logs(
            answered("r2", 5, 60, at=at(7.1), session=session),
            event("api_error", error="overloaded", at=at(8), session=session),
        ),
        active(4, at=at(9), session=session),
    ]


BOTH: Files = {"file": in_file(), "told": told()}


def assert_joined(bench: Workbench, session: str = "a") -> None:
    """What both say counts once, as the file says it; what telemetry alone knows is there."""
    (one,) = rows(
        bench.sessions(session=name(session)),
        "human_turns", "objective", "model_calls", "output_tokens", "tool_calls", "errors", "agent",
    )  # fmt: skip
    assert one == (1, "List the files", 3, 102, 1, 0, "claude_code")
    assert sorted(lanes(bench, session=name(session))) == [(3, 40, 0, 0, 0), (5, 60, 0, 0, 0), (7, 2, None, None, None)]
    (call,) = rows(bench.tool_calls(session=name(session)), "duration_ms", "tool_call_id", "target")
    assert call == (250, TOOL, "ls")
    found = bench.events(session=name(session), type="context_switch")
    assert column(found[found["native_type"] == "claude_code.active_time.total"], "duration_ms") == [2500, 4000]
    decisions = bench.events(session=name(session), type="user_interaction")
    assert "accept: Bash" in column(decisions[~decisions["is_copy"]], "summary")
    said = bench.messages(session=name(session))
    assert column(said[said["is_human"].fillna(value=False)], "text") == ["List the files"]
    steps = bench.steps(session=name(session))
    assert (column(steps, "kind").count("prompt"), column(steps, "kind").count("call")) == (1, 1)


@in_every_order("file", "told")
def test_what_both_say_counts_once_and_what_telemetry_alone_knows_is_joined(
    read_everywhere: Reader, order: list[str]
) -> None:
    assert_joined(read_everywhere(BOTH, order))


def test_nothing_changes_by_a_rebuild_or_a_replay(read: Reader) -> None:
    bench = read(BOTH)
    before = [getattr(bench, frame)() for frame in FRAMES]
    with engine.connect(read.url) as connection:
        rebuild(connection, slice_rows=5)
        connection.execute("UPDATE sources SET position = 0, memory = '{}'")
    read.ingest(read.logs)
    for frame, there in zip(FRAMES, before, strict=True):
        pd.testing.assert_frame_equal(getattr(read.look(), frame)(), there)


def test_a_session_that_only_telemetry_saw_has_its_prompts_errors_and_usage(read_everywhere: Reader) -> None:
    bench = read_everywhere({"told": told()})
    (one,) = rows(bench.sessions(), "human_turns", "objective", "model_calls", "output_tokens", "tool_calls", "errors")
    assert one == (1, "List the files", 3, 102, 1, 1)
    assert column(bench.messages(session=name("a")), "is_human").count(True) == 1
    assert column(bench.messages(), "text")[0] == "List the files"
    assert {"prompt", "call", "error"} <= set(column(bench.steps(), "kind"))
    assert len(bench.contents()) == 2
    assert column(bench.sessions(), "machine") == [None]


def test_the_error_and_the_prompt_give_way_when_the_file_comes(read: Reader) -> None:
    assert column(read({"told": told()}).sessions(), "errors") == [1]
    assert_joined(read({"file": in_file()}))


def test_telemetry_without_requests_counts_only_without_usage_of_files(read_everywhere: Reader) -> None:
    other = [logs(answered(None, 3, 40, at=at(1.1)), answered(None, 7, 2, at=at(1.2)))]
    assert len(read_everywhere({"told": other}).model_calls()) == 2
    assert lanes(read_everywhere({"file": in_file()[:1]})) == [(3, 40, None, None, None), (7, 2, None, None, None)]
    assert lanes(read_everywhere.append("file", *in_file()[1:])) == [(3, 40, 0, 0, 0), (5, 60, 0, 0, 0)]


@in_every_order("file", "nameless", "told")
def test_a_file_that_does_not_name_a_request_mutes_all_that_is_told(read: Reader, order: list[str]) -> None:
    nameless = [answer(usage(9, 9), message="m3", request=None, uuid="n", at=at(9))]
    bench = read({"file": in_file(), "nameless": nameless, "told": told()}, order)
    assert sorted(lanes(bench)) == [(3, 40, 0, 0, 0), (5, 60, 0, 0, 0), (9, 9, 0, 0, 0)]


@in_every_order("copy", "original", "told")
def test_a_request_counts_once_whoever_owns_its_record(read: Reader, order: list[str]) -> None:
    """The records of a fork belong to its original once that is read; telemetry knows the original's session."""
    copy = [*in_file()[:3], answer(usage(8, 8), message="m4", request="r4", uuid="own", session="b", at=at(30))]
    copied = [record | {"sessionId": name("b")} for record in copy]
    first = prompt("Before all", uuid="p0", at="2026-03-09T11:00:00.000Z")
    bench = read({"copy": copied, "original": [first, *in_file()], "told": told()}, order)
    assert sorted(lanes(bench)) == [
        (3, 40, 0, 0, 0), (5, 60, 0, 0, 0), (7, 2, None, None, None), (8, 8, 0, 0, 0)
    ]  # fmt: skip
    assert column(bench.sessions(session=name("a")), "human_turns") == [2]


def test_two_sessions_in_one_batch_of_telemetry_stay_apart(read: Reader) -> None:
    both = logs(
        asked("List the files", at=at(0.01)), asked("Only told", session="b", at=at(0.02)),
        answered("r1", 3, 40, at=at(1.1)), answered("q1", 1, 1, session="b", at=at(1.1)),
        answered("r2", 5, 60, at=at(2.1)), ran(5, tool=None, session="b", at=at(3)),
    )  # fmt: skip
    bench = read({"file": in_file(), "told": [both]})
    assert rows(bench.sessions(), "session_id", "human_turns", "model_calls", "tool_calls") == [
        (name("a"), 1, 2, 1),
        (name("b"), 1, 1, 1),
    ]
    assert column(bench.messages(session=name("b")), "text")[0] == "Only told"


@in_every_order("file", "told")
def test_a_call_that_telemetry_does_not_name_counts_while_no_file_has_calls(read: Reader, order: list[str]) -> None:
    files: Files = {"file": in_file(), "told": [logs(ran(99, tool=None, at=at(4.9)))]}
    assert rows(read(files, order).tool_calls(), "tool_call_id", "duration_ms") == [(TOOL, 4000)]
    bench = read({"told too": [logs(ran(99, tool=None, at=at(4.9), session="c"))]})
    assert column(bench.tool_calls(session=name("c")), "duration_ms") == [99]


def codex_told(session: str) -> list[bytes]:
    said: dict[str, Any] = {"service": CODEX, "session": session, "model": "gpt-5-codex"}
    spent = {"input_token_count": 100, "output_token_count": 5, "cached_token_count": 40}
    return [
        logs(event("user_prompt", prompt="[REDACTED]", **said), service=CODEX),
        logs(event("sse_event", event__kind="response.completed", **spent, **said), service=CODEX),
        logs(event("tool_decision", tool_name="shell", call_id="call_0", decision="approved", **said), service=CODEX),
    ]


def gemini_told(session: str) -> list[bytes]:
    said: dict[str, Any] = {"service": GEMINI, "session": session, "model": "gemini-3-pro"}
    call = {"function_name": "read_file", "function_args": "{}", "duration_ms": 12, "success": "true"}
    return [
        logs(event("user_prompt", prompt="Read it", **said), service=GEMINI),
        logs(event("api_response", input_token_count=50, output_token_count=4, **said), service=GEMINI),
        logs(event("tool_call", **call, **said), service=GEMINI),
    ]


@pytest.mark.parametrize("is_told_first", [True, False])
@pytest.mark.parametrize(
    ("fixture", "session", "lines"),
    [
        ("codex/session.jsonl", "019cadc6-9a80-7000-8000-000000000001", codex_told),
        ("gemini_cli/document.json", "7a000000-0000-4000-8000-000000000001", gemini_told),
    ],
)
def test_codex_and_gemini_count_as_their_files_say(
    read: Reader, fixture: str, session: str, lines: Callable[[str], list[bytes]], is_told_first: bool
) -> None:
    numbers = ("human_turns", "objective", "model_calls", "total_tokens", "tool_calls", "errors", "compactions")
    alone = Reader(read.url, read.logs.parents[1] / "alone")
    alone.logs.mkdir(parents=True)
    shutil.copy(FIXTURES / fixture, alone.logs)
    with alone.benches:
        expected = rows(alone.benches.enter_context(Workbench(Folder(alone.logs, alone.settings))).sessions(), *numbers)
    read.logs.mkdir(parents=True)
    if is_told_first:
        before = read({"told": lines(f"={session}")})
        assert rows(before.sessions(), "human_turns", "model_calls") == [(1, 1)]
    file = Path(shutil.copy(FIXTURES / fixture, read.logs))
    read.ingest(file)
    bench = read.look() if is_told_first else read({"told": lines(f"={session}")})
    assert rows(bench.sessions(), *numbers) == expected


def test_active_time_since_the_start_is_told_as_what_was_added(read: Reader) -> None:
    lines = [active(total, at=at(second), temporality=2) for total, second in ((2.0, 10), (2.0, 20), (5.5, 30))]
    bench = read({"told": [logs(asked()), *lines]})
    assert column(bench.events(type="context_switch"), "duration_ms") == [2000, 3500]


def test_the_machine_of_telemetry_is_its_own(embedded_url: str, tmp_path: Path) -> None:
    path = tmp_path / "told.jsonl"
    named = logs(asked(session="b"), host__name="far")
    path.write_bytes(b"\n".join([*told(), named]) + b"\n")
    job = backfill.Job(url=embedded_url, redaction_key=b"k" * 32, machine="here")
    assert [outcome.error for outcome in backfill.run(job, backfill.plan([path]).found, lambda _: None)] == [None]
    with Workbench(Database(embedded_url, Settings(home=tmp_path))) as bench:
        assert rows(bench.sessions(), "session_id", "machine") == [(name("b"), "far"), (name("a"), None)]


def test_every_event_of_a_batch_has_its_text_and_record_in_the_database(read_everywhere: Reader) -> None:
    spans = FIXTURES / "otlp" / "traces.jsonl"
    read_everywhere.logs.mkdir(parents=True)
    read_everywhere.ingest(Path(shutil.copy(spans, read_everywhere.logs)))
    read_everywhere.ingest(Path(shutil.copy(spans.with_name("agents.jsonl"), read_everywhere.logs)))
    database = read_everywhere.look()
    with Workbench(Folder(read_everywhere.logs, read_everywhere.settings)) as folder:
        ids = column(folder.events(), "event_id")
        pd.testing.assert_series_equal(database.raw(ids), folder.raw(ids))
        pd.testing.assert_frame_equal(database.messages(), folder.messages())
        there, here = (bench.contents().sort_values("event_id", ignore_index=True) for bench in (database, folder))
        pd.testing.assert_frame_equal(there, here)
        assert database.raw(ids).notna().all()
        assert database.messages()["text"].notna().sum() > 5


def test_records_that_were_stored_without_a_link_are_found_by_time(read: Reader) -> None:
    read({"file": in_file()})
    with engine.connect(read.url) as connection:
        assert connection.execute("SELECT count(*) FROM agent_events WHERE record_event_id IS NOT NULL").fetchone() == (
            0,
        )
    assert read.look().messages()["text"].notna().all()


@pytest.fixture(scope="module")
def pieces_of(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pieces")


LINES = {place: len(lines) for place, lines in BOTH.items()}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations([place for place, lines in LINES.items() for _ in range(lines)]), two=st.booleans())
def test_any_interleaving_of_lines_ends_the_same(
    embedded_url: str, pieces_of: Path, order: list[str], two: bool
) -> None:
    """`order` says which file gets its next line; two sessions may be written by turns."""
    reader = Reader(embedded_url, pieces_of / uuid4().hex)
    sessions = [uuid4().hex for _ in range(2 if two else 1)]
    left = {
        (place, session): iter(in_file(session) if place == "file" else told(session))
        for session in sessions
        for place in BOTH
    }
    reader.logs.mkdir(parents=True)
    with reader.benches:
        for place in order:
            for session in sessions:
                path = reader.logs / f"{place if place == 'told' else session}.jsonl"
                with path.open("ab") as file:
                    file.write(line_of(distinct(next(left[place, session]), session)) + b"\n")
                reader.ingest(path)
        database = reader.benches.enter_context(Workbench(Database(reader.url, reader.settings)))
        folder = reader.benches.enter_context(Workbench(Folder(reader.logs, reader.settings)))
        wanted = [name(session) for session in sessions]
        for frame in FRAMES:
            there, here = (
                getattr(bench, frame)(session=wanted).drop(columns="source_id", errors="ignore")
                for bench in (database, folder)
            )
            pd.testing.assert_frame_equal(there, here, obj=frame)
        for session in sessions:
            assert column(database.sessions(session=name(session)), "output_tokens") == [102]
            assert column(database.sessions(session=name(session)), "human_turns") == [1]
        assert_adds_up(database)


def distinct(line: Record | bytes, session: str) -> bytes:
    """A line whose ids belong to its session alone."""
    text = line_of(line).decode()
    for prefix in ("toolu_01", "req_01", "msg_01"):
        text = text.replace(prefix, prefix + session[:8])
    if isinstance(line, bytes):
        return text.encode()
    return json.dumps(json.loads(text) | {"uuid": name(line["uuid"] + session)}).encode()
