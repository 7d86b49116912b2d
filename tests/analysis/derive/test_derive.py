"""What follows from events, on rows small enough to check by eye."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentobs import frames
from agentobs.analysis import derive
from tests.analysis.derive.records import NOON, record, records

LONG = "toolu_0123456789abcdefgh"
COPIES = (
    record("x", "a", 5, owner_s=3),
    record("x", "b", 5, owner_s=1, seq=4),
    record("x", "b", 5, owner_s=1, seq=2),
    record("x", "c", 5, owner_s=1),
    record("y", "a", 6, owner_s=3),
    record("y", "c", 6, owner_s=1),
    record("z", "c", 7, owner_s=1, digest=2),
    record("z", "a", 7, owner_s=3),
)


@given(st.permutations(COPIES))
def test_the_smallest_source_and_session_own_a_record_whatever_was_read_first(rows: list[dict[str, Any]]) -> None:
    settled = derive.settle(records(*rows))
    assert settled.events[["event_id", "session_id", "seq"]].to_numpy().tolist() == [
        ["x", "b", 2],
        ["y", "c", 0],
        ["z", "c", 0],
    ]
    assert (settled.copies, settled.conflicts["session_id"].tolist()) == (4, ["a"])
    assert dict(settled.lineage.to_numpy().tolist()) == {"a": "c", "c": "b"}


def test_the_same_id_at_another_time_is_another_event() -> None:
    assert len(derive.settle(records(record("x", "a", 1), record("x", "a", 2))).events) == 2


def test_a_call_is_joined_with_its_result() -> None:
    calls = derive.tool_calls(
        records(
            record("1", "a", 1, tool_call_id=LONG, type="file_write", file_path="/f", summary="to /f"),
            record("2", "a", 3.5, tool_call_id=LONG, type="tool_result", status="ok", file_path="/r/f", lines_added=4),
        )
    )  # fmt: skip
    assert len(calls) == 1
    call = calls.iloc[0]
    assert (call["event_id"], call["result_event_id"], call["duration_ms"]) == ("1", "2", 2500.0)
    assert (call["file_path"], call["target"], call["status"], call["lines_added"]) == ("/r/f", "to /f", "ok", 4)


@pytest.mark.parametrize(("name", "sessions"), [(LONG, ["a"]), ("call_1", ["a", "b"])])
def test_only_long_ids_of_calls_are_the_same_in_two_sessions(name: str, sessions: list[str]) -> None:
    both = records(record("1", "a", 1, tool_call_id=name), record("2", "b", 2, owner_s=1, tool_call_id=name))
    assert derive.tool_calls(both)["session_id"].tolist() == sessions


def test_a_call_without_a_result_has_no_duration_and_a_result_without_a_call_no_start() -> None:
    calls = derive.tool_calls(
        records(
            record("1", "a", 1, tool_call_id="u1", type="test_run"),
            record("2", "b", 2, tool_call_id="u2", type="tool_result", call_type="test_run", thread_id="t"),
            record("3", "b", 3, tool_call_id="u3", type="tool_result", duration_ms=7.5),
        )
    )
    assert calls["duration_ms"].isna().tolist() == [True, True, False]
    assert calls["started_at"].isna().tolist() == [False, True, True]
    assert calls["type"].tolist() == ["test_run", "test_run", "tool_invocation"]
    assert calls["thread_id"].fillna("main").tolist() == ["main", "t", "main"]


def test_a_result_before_its_call_took_no_time() -> None:
    calls = derive.tool_calls(
        records(record("1", "a", 2, tool_call_id="u"), record("2", "a", 1, tool_call_id="u", type="tool_result"))
    )
    assert calls["duration_ms"].tolist() == [0.0]


def answer(event_id: str, s: float, output: int | None, **fields: Any) -> dict[str, Any]:
    return record(event_id, "a", s, usage_key="m", output_tokens=output, model="known", **fields)


@pytest.mark.parametrize(
    ("others", "best"),
    [
        ([answer("2", 2, 5)], "2"),
        ([answer("2", 2, 3, input_tokens=9)], "2"),
        ([answer("2", 2, 9, is_sidechain=True)], "1"),
        ([answer("2", 2, 9, is_copy=True)], "1"),
        ([answer("2", 2, 9, owner_s=1), answer("3", 2, 9)], "3"),
        ([record("2", "a", 0, usage_key="m", reasoning_tokens=9)], "1"),
    ],
    ids=[
        "the largest output", "then the largest total", "a main record beats a sidechain's", "and a copy's",
        "then the owner", "a record without tokens is none",
    ],
)  # fmt: skip
def test_the_best_record_of_a_response_counts(others: list[dict[str, Any]], best: str) -> None:
    calls = derive.model_calls(records(answer("1", 1, 3), *others))
    assert calls["event_id"].tolist() == [best]
    assert calls["started_at"].tolist() == [NOON + pd.Timedelta(seconds=1)]


def test_the_lanes_of_one_record_are_never_mixed_with_anothers() -> None:
    calls = derive.model_calls(records(answer("1", 1, 3, cache_read_tokens=100), answer("2", 2, 4)))
    assert calls["output_tokens"].tolist() == [4]
    assert calls["cache_read_tokens"].isna().all()
    assert calls["total_tokens"].tolist() == [4]


def test_unknown_is_not_zero_in_usage() -> None:
    calls = derive.model_calls(
        records(
            record("1", "a", 1, usage_key="1", model="new", output_tokens=1),
            record("2", "a", 2, usage_key="2", model="old", output_tokens=2, input_tokens=0, cost_pico_usd=3 * 10**12),
            record("3", "a", 3, usage_key="3", model="old", output_tokens=3),
        )
    )
    usage = derive.usage(calls, by=["model"], zone="UTC").set_index("model")
    assert usage["cost_usd"].isna().tolist() == [True, False]
    assert usage.loc["old", ["model_calls", "unpriced_calls", "cost_usd", "input_tokens"]].tolist() == [2, 1, 3.0, 0]
    assert usage.loc["new", ["model_calls", "unpriced_calls"]].tolist() == [1, 1]
    assert usage["input_tokens"].isna().tolist() == [True, False]
    assert usage["reasoning_tokens"].isna().all()


def test_days_are_cut_in_the_zone_and_unknown_names_come_last() -> None:
    calls = derive.model_calls(
        records(
            record("1", "a", 0, usage_key="1", output_tokens=1),
            record("2", "a", 11.5 * 3600, usage_key="2", output_tokens=2, model="b"),
            record("3", "a", 11.5 * 3600, usage_key="3", output_tokens=4, model="B"),
        )
    )
    usage = derive.usage(calls, by=["day", "model"], zone="Europe/Zurich")
    assert usage["day"].tolist() == ["2026-03-08", "2026-03-09", "2026-03-09"]
    assert derive.usage(calls, by=["model"], zone="UTC")["model"].fillna("?").tolist() == ["B", "b", "?"]
    assert derive.usage(calls, by=["day"], zone="UTC")["output_tokens"].tolist() == [7]


def test_costs_are_summed_in_whole_numbers_beyond_64_bits() -> None:
    rows = [record(str(n), "a", n, usage_key=str(n), output_tokens=1, cost_pico_usd=2**62 + 1) for n in range(4)]
    usage = derive.usage(derive.model_calls(records(*rows)), by=["session"], zone="UTC")
    assert usage["cost_usd"].tolist() == [4 * (2**62 + 1) / 1e12]


def sessions(*rows: dict[str, Any]) -> pd.DataFrame:
    events, lineage, _, _ = derive.settle(records(*rows))
    calls = derive.tool_calls(events)
    return derive.sessions(events, calls, derive.edits(calls, events), derive.model_calls(events), lineage)


def test_a_session_says_what_it_was_did_and_cost() -> None:
    person = {"type": "user_interaction", "role": "user"}
    usage = {"output_tokens": 5, "cost_pico_usd": 10**12}
    session = sessions(
        record("0", "a", 0, ts_quality="none", branch="main", agent_version="1"),
        record("1", "a", 1, **person, is_copy=True, summary="copied"),
        record("2", "a", 2, **person, summary="do it", branch="other"),
        record("3", "a", 3, **person, summary="and more"),
        record("4", "a", 4, type="test_run", tool_call_id="t"),
        record("5", "a", 5, type="tool_result", tool_call_id="t", status="error"),
        record("6", "a", 6, type="file_write", tool_call_id="w", file_path="/f"),
        record("7", "a", 7, type="file_write", tool_call_id="v", file_path="/f"),
        record("8", "a", 8, type="tool_result", tool_call_id="v", status="ok", lines_added=3),
        record("9", "a", 9, type="context_switch", native_type="system/compact_boundary"),
        record("A", "a", 10, usage_key="1", model="m2", **usage),
        record("B", "a", 11, usage_key="2", model="m1", thread_id="t", **usage),
        record("C", "a", 12, usage_key="3", model="m1", output_tokens=1),
        record("D", "a", 13, type="context_switch", titled=True, title="first"),
        record("E", "a", 14, type="context_switch", titled=True, title="last"),
    ).iloc[0]
    assert (session["branch"], session["agent_version"], session["objective"]) == ("main", "1", "do it")
    assert (session["title"], session["duration_s"], session["models"]) == ("last", 13.0, ["m1", "m2"])
    counts = {
        "events": 15, "human_turns": 2, "model_calls": 3, "subagent_calls": 1, "tool_calls": 3, "tool_errors": 1,
        "commands": 1, "tests_run": 1, "tests_known": 1, "tests_passed": 0, "edits": 2, "files_modified": 1,
        "lines_added": 3, "compactions": 1, "output_tokens": 11, "total_tokens": 11, "unpriced_calls": 1,
        "cost_usd": 2.0, "subagent_cost_usd": 1.0,
    }  # fmt: skip
    assert {name: session[name] for name in counts} == counts
    assert session[["lines_removed", "input_tokens", "cache_write_tokens"]].isna().all()


def test_a_session_without_calls_has_zero_calls_and_unknown_tokens() -> None:
    session = sessions(record("1", "a", 1)).iloc[0]
    assert session[["tool_calls", "model_calls", "unpriced_calls", "files_modified", "edits"]].tolist() == [0] * 5
    assert session[["total_tokens", "cost_usd", "lines_added", "objective", "title"]].isna().all()
    assert session["models"] == []


def test_edits_are_changes_that_did_not_fail() -> None:
    rows = [
        record("1", "a", 1, type="file_write", tool_call_id="1"),
        record("2", "a", 2, type="file_delete", tool_call_id="2"),
        record("3", "a", 3, type="tool_result", tool_call_id="2", status="denied"),
        record("4", "a", 4, type="file_read", tool_call_id="4"),
        record("5", "a", 5, type="tool_result", tool_call_id="5", call_type="file_create", status="ok"),
    ]
    events = records(*rows)
    found = derive.edits(derive.tool_calls(events), events)
    assert found["event_id"].tolist() == ["1", "5"]
    assert found["ts"].tolist() == [NOON + pd.Timedelta(seconds=s) for s in (1, 5)]


@pytest.mark.parametrize(("status", "edited"), [("ok", ["/f", "/g"]), ("error", [])])
def test_a_patch_of_two_files_is_one_call_and_two_edits_with_its_status(status: str, edited: list[str]) -> None:
    part = {"type": "file_create", "parent_event_id": "1", "file_path": "/g", "lines_added": 5}
    events = records(
        record("1", "a", 1, type="file_write", tool_call_id="1", file_path="/f", lines_added=2),
        record("2", "a", 1, **part),
        record("3", "a", 2, type="tool_result", tool_call_id="1", status=status, lines_added=7),
    )
    calls = derive.tool_calls(events)
    assert calls["lines_added"].tolist() == [7]
    found = derive.edits(calls, events)
    assert found["file_path"].tolist() == edited
    assert found["tool_call_id"].tolist() == ["1"] * len(edited)
    assert found["lines_added"].tolist() == [2, 5][: len(edited)]
    lineage = derive.settle(events).lineage
    session = derive.sessions(events, calls, found, derive.model_calls(events), lineage).iloc[0]
    assert session[["tool_calls", "edits", "files_modified"]].tolist() == [1, len(edited), len(edited)]


def test_a_patch_known_by_its_result_alone_gives_its_first_file_what_the_others_leave() -> None:
    events = records(
        record(
            "1", "a", 1, type="tool_result", tool_call_id="1", call_type="file_write", file_path="/f", lines_added=7
        ),
        record("2", "a", 1, type="file_create", parent_event_id="1", file_path="/g", lines_added=5),
    )
    found = derive.edits(derive.tool_calls(events), events)
    assert found[["file_path", "lines_added"]].to_numpy().tolist() == [["/f", 2], ["/g", 5]]


def test_of_no_events_every_frame_is_empty_with_its_columns_and_types() -> None:
    settled = derive.settle(records())
    calls, answers = derive.tool_calls(settled.events), derive.model_calls(settled.events)
    pd.testing.assert_frame_equal(calls, frames.empty(frames.TOOL_CALLS))
    pd.testing.assert_frame_equal(answers[frames.MODEL_CALLS.names], frames.empty(frames.MODEL_CALLS))
    found = derive.sessions(settled.events, calls, derive.edits(calls, settled.events), answers, settled.lineage)
    pd.testing.assert_frame_equal(found, frames.empty(frames.SESSIONS))
    assert derive.usage(answers, by=["day"], zone="UTC").columns.tolist() == ["day", *frames.USAGE.names]
    assert derive.messages(settled.events).empty
    assert derive.edits(calls, settled.events).empty
