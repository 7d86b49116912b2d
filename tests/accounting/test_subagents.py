"""Subagents: inside their session's totals and shown apart, whichever of the ways their tokens are written down in."""

import pytest

from tests.accounting.conftest import Reader, in_every_order
from tests.accounting.records import HAIKU, NOON, Record, answer, name, progress, prompt, usage
from tests.accounting.said import bill, column, lanes, rows, usd

LATER = "2026-03-09T12:00:30.000Z"
OWN_FILE = f"{name('a')}/subagents/agent-t1"
MAIN = [prompt(), answer(usage(10, 20), message="main", request="main", uuid="main")]
MAIN_USD = 10 * 3.00 + 20 * 15.00
SIDE_USD = 5 * 1.00 + 60 * 5.00 + 700 * 0.10  # haiku


def side(output: int = 60, **fields: object) -> Record:
    """A subagent's response, in a file of its own."""
    given = {"message": "s1", "request": "s1", "uuid": "side", "thread": "t1", "at": LATER, "model": HAIKU, **fields}
    return answer(usage(5, output, read=700), **given)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("place", ["agent-t1", OWN_FILE, f"{name('a')}/subagents/workflows/w1/agent-t1"])
def test_a_subagent_s_file_belongs_to_its_parent_s_session(read: Reader, place: str) -> None:
    bench = read({"a": MAIN, place: [prompt(thread="t1", uuid="asked", at=LATER), side()]})
    assert lanes(bench) == [(10, 20, 0, 0, 0), (5, 60, 700, 0, 0)]
    assert rows(bench.model_calls(), "session_id", "thread_id", "is_sidechain") == [
        (name("a"), None, False), (name("a"), "t1", True),
    ]  # fmt: skip
    [session] = bench.sessions().to_dict("records")
    assert (session["model_calls"], session["subagent_calls"], session["human_turns"]) == (2, 1, 1)
    assert session["cost_usd"] == usd(MAIN_USD + SIDE_USD)
    assert session["subagent_cost_usd"] == usd(SIDE_USD)
    assert session["models"] == [HAIKU, "claude-sonnet-4-5-20250929"]
    assert bill(bench) == usd(MAIN_USD + SIDE_USD)


def test_a_subagent_inside_its_parent_s_file_is_a_thread_of_it(read: Reader) -> None:
    asked = prompt("Look", uuid="asked", at=LATER, isSidechain=True)
    answered = side(thread=None, isSidechain=True, parentUuid=name("asked"))
    again = side(80, thread=None, isSidechain=True, parentUuid=name("side"), uuid="side2", message="s2", request="s2")
    bench = read({"a": [*MAIN, asked, answered, again]})
    assert column(bench.model_calls(), "thread_id") == [None, name("asked"), name("asked")]
    [session] = bench.sessions().to_dict("records")
    assert (session["model_calls"], session["subagent_calls"]) == (3, 2)
    assert session["subagent_cost_usd"] == usd(SIDE_USD + 5 * 1.00 + 80 * 5.00 + 700 * 0.10)


def test_a_subagent_that_only_progress_records_know_counts(read: Reader) -> None:
    bench = read({"a": [*MAIN, progress(side(), at=LATER)]})
    assert lanes(bench) == [(10, 20, 0, 0, 0), (5, 60, 700, 0, 0)]
    assert rows(bench.model_calls(), "thread_id", "model")[1] == ("t1", HAIKU)
    [session] = bench.sessions().to_dict("records")
    assert (session["subagent_calls"], session["subagent_cost_usd"]) == (1, usd(SIDE_USD))


def test_progress_that_repeats_a_message_counts_once(read: Reader) -> None:
    repeats = [progress(side(), uuid=f"progress{n}", at=LATER) for n in range(4)]
    bench = read({"a": [*MAIN, *repeats]})
    assert lanes(bench) == [(10, 20, 0, 0, 0), (5, 60, 700, 0, 0)]
    assert bill(bench) == usd(MAIN_USD + SIDE_USD)


def test_progress_with_growing_snapshots_counts_the_largest_once(read: Reader) -> None:
    growing = [progress(side(n, uuid=f"side{n}"), uuid=f"progress{n}", at=LATER) for n in (1, 60, 12)]
    bench = read({"a": [*MAIN, *growing]})
    assert lanes(bench) == [(10, 20, 0, 0, 0), (5, 60, 700, 0, 0)]


@in_every_order("a", OWN_FILE)
def test_progress_beside_the_subagent_s_own_file_counts_once(read: Reader, order: tuple[str, ...]) -> None:
    files = {
        "a": [*MAIN, progress(side(1), at=LATER), progress(side(), uuid="p2", at=LATER)],
        OWN_FILE: [side(1), side(60, uuid="s2")],
    }
    bench = read(files, order)
    assert lanes(bench) == [(10, 20, 0, 0, 0), (5, 60, 700, 0, 0)]
    assert bill(bench) == usd(MAIN_USD + SIDE_USD)
    [session] = bench.sessions().to_dict("records")
    assert (session["subagent_calls"], session["subagent_cost_usd"]) == (1, usd(SIDE_USD))


@in_every_order("a", OWN_FILE)
def test_a_progress_record_that_is_larger_than_the_subagent_s_file_counts_once(
    read: Reader, order: tuple[str, ...]
) -> None:
    bench = read({"a": [*MAIN, progress(side(99), at=LATER)], OWN_FILE: [side(60)]}, order)
    assert lanes(bench) == [(10, 20, 0, 0, 0), (5, 99, 700, 0, 0)]


@in_every_order("a", "agent-t1")
def test_a_main_line_beats_a_larger_sidechain_copy(read: Reader, order: tuple[str, ...]) -> None:
    copied = answer(usage(10, 900, read=5000), message="main", request="main", uuid="copied", thread="t1", at=LATER)
    bench = read({"a": MAIN, "agent-t1": [copied]}, order)
    assert lanes(bench) == [(10, 20, 0, 0, 0)]
    assert bill(bench) == usd(MAIN_USD)
    assert rows(bench.sessions(), "model_calls", "subagent_calls") == [(1, 0)]


def test_a_main_line_beats_a_larger_copy_in_a_progress_record(read: Reader) -> None:
    copied = answer(usage(10, 900), message="main", request="main", uuid="copied", at=NOON)
    bench = read({"a": [*MAIN, progress(copied, at=LATER)]})
    assert lanes(bench) == [(10, 20, 0, 0, 0)]


def test_a_main_line_that_is_appended_later_takes_over_from_a_sidechain_copy(read: Reader) -> None:
    copied = answer(usage(10, 900), message="main", request="main", uuid="copied", thread="t1", at=NOON)
    before = read({"a": [copied]})
    assert rows(before.sessions(), "model_calls", "subagent_calls") == [(1, 1)]
    after = read.append("a", MAIN[1])
    assert lanes(after) == [(10, 20, 0, 0, 0)]
    assert rows(after.sessions(), "model_calls", "subagent_calls") == [(1, 0)]
    assert bill(after) == usd(MAIN_USD)


def test_a_response_that_only_a_side_conversation_has_counts(read: Reader) -> None:
    bench = read({"agent-t1": [side()]})
    assert lanes(bench) == [(5, 60, 700, 0, 0)]
    assert bill(bench) == usd(SIDE_USD)
    assert rows(bench.sessions(), "model_calls", "subagent_calls") == [(1, 1)]


def test_the_totals_in_a_task_s_result_are_no_further_call(read: Reader) -> None:
    result = prompt(uuid="result", at=LATER, toolUseResult={
        "status": "completed", "agentId": "t1", "totalTokens": 765, "totalDurationMs": 9,
        "usage": usage(5, 60, read=700), "content": [{"type": "text", "text": "ok"}],
    })  # fmt: skip
    result["message"]["content"] = [
        {"type": "tool_result", "tool_use_id": "toolu_01aaaaaaaaaaaaaaaaaaaaaa", "content": "ok"}
    ]
    bench = read({"a": [*MAIN, result], OWN_FILE: [side()]})
    assert lanes(bench) == [(10, 20, 0, 0, 0), (5, 60, 700, 0, 0)]


def test_two_subagents_of_one_session_are_two_threads(read: Reader) -> None:
    other = side(7, message="s2", request="s2", uuid="other", thread="t2")
    bench = read({"a": MAIN, OWN_FILE: [side()], f"{name('a')}/subagents/agent-t2": [other]})
    assert sorted(rows(bench.model_calls(), "thread_id", "output_tokens")[1:]) == [("t1", 60), ("t2", 7)]


@in_every_order("a", "b", OWN_FILE)
def test_a_fork_of_a_session_with_a_subagent_counts_it_once(read: Reader, order: tuple[str, ...]) -> None:
    first = prompt("Before", uuid="p0", at="2026-03-09T11:00:00.000Z")
    forked = [{**record, "sessionId": name("b")} for record in [*MAIN, progress(side(), at=LATER)]]
    files = {"a": [first, *MAIN, progress(side(), at=LATER)], "b": forked, OWN_FILE: [side()]}
    bench = read(files, order)
    assert lanes(bench) == [(10, 20, 0, 0, 0), (5, 60, 700, 0, 0)]
    assert bill(bench) == usd(MAIN_USD + SIDE_USD)
    assert dict(rows(bench.sessions(), "session_id", "model_calls"))[name("a")] == 2
