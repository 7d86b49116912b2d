"""Histories are copied when a session is resumed or forked: what was paid once counts once, for one session."""

from tests.accounting.conftest import Reader, in_every_order
from tests.accounting.records import Record, answer, name, prompt, usage
from tests.accounting.said import bill, column, lanes, rows, usd

EARLY, MIDDLE, LATE = (f"2026-03-09T1{hour}:00:00.000Z" for hour in (2, 3, 4))


def history(session: str, **fields: str) -> list[Record]:
    """Two responses of four minutes, as the session and its forks hold them."""
    return [
        prompt("Add a cart", uuid="p1", session=session, at=EARLY, **fields),
        answer(usage(3, 1, read=500), message="m1", uuid="u1", session=session, at=EARLY, **fields),
        answer(usage(3, 40, read=500), message="m1", uuid="u2", session=session, at=EARLY, **fields),
        answer(usage(5, 70, hour=900), message="m2", request="r2", uuid="u3", session=session, at=MIDDLE, **fields),
    ]


HISTORY_USD = 8 * 3.00 + 110 * 15.00 + 500 * 0.30 + 900 * 6.00


def more(session: str, number: int, at: str = LATE) -> Record:
    return answer(
        usage(7, 30), message=f"more{number}", request=f"more{number}", uuid=f"n{number}", session=session, at=at
    )


def test_a_resumed_copy_of_the_same_session_in_another_file_counts_once(read: Reader) -> None:
    bench = read({"a": history("a"), "resumed": [*history("a"), more("a", 1)]})
    assert lanes(bench) == [(3, 40, 500, 0, 0), (5, 70, 0, 0, 900), (7, 30, 0, 0, 0)]
    assert bill(bench) == usd(HISTORY_USD + 7 * 3.00 + 30 * 15.00)
    assert rows(bench.sessions(), "session_id", "model_calls", "parent_session_id") == [(name("a"), 3, None)]
    assert sorted(column(bench.physical(), "output_tokens")) == [111, 141]


def test_a_resume_that_writes_new_uuids_and_request_ids_still_counts_once(read: Reader) -> None:
    copied = [
        answer(usage(3, 40, read=500), message="m1", request="r9", uuid="x1", session="b", at=EARLY),
        answer(usage(5, 70, hour=900), message="m2", request="r8", uuid="x2", session="b", at=MIDDLE),
    ]
    bench = read({"a": history("a"), "b": [prompt(session="b", at=EARLY), *copied, more("b", 1)]})
    assert lanes(bench) == [(3, 40, 500, 0, 0), (5, 70, 0, 0, 900), (7, 30, 0, 0, 0)]
    assert bill(bench) == usd(HISTORY_USD + 7 * 3.00 + 30 * 15.00)


@in_every_order("a", "b")
def test_a_fork_of_a_whole_history_counts_once_and_for_its_parent(read: Reader, order: tuple[str, ...]) -> None:
    files = {"a": [*history("a"), more("a", 1)], "b": [*history("b"), more("b", 2)]}
    bench = read(files, order)
    assert bill(bench) == usd(HISTORY_USD + 14 * 3.00 + 60 * 15.00)
    owner = min(name("a"), name("b"))  # both files begin at one instant
    spent = dict(rows(bench.usage("session"), "session", "model_calls"))
    assert spent == {owner: 3, max(name("a"), name("b")): 1}
    parents = dict(rows(bench.sessions(), "session_id", "parent_session_id"))
    assert parents == {owner: None, max(name("a"), name("b")): owner}


@in_every_order("a", "b")
def test_a_fork_of_a_tail_counts_for_the_session_that_began_earlier(read: Reader, order: tuple[str, ...]) -> None:
    files = {"a": [*history("a"), more("a", 1)], "b": [*history("b")[3:], more("b", 2)]}
    bench = read(files, order)
    assert bill(bench) == usd(HISTORY_USD + 14 * 3.00 + 60 * 15.00)
    assert dict(rows(bench.sessions(), "session_id", "model_calls")) == {name("a"): 3, name("b"): 1}
    assert dict(rows(bench.sessions(), "session_id", "parent_session_id")) == {name("a"): None, name("b"): name("a")}


@in_every_order("a", "b", "c")
def test_a_fork_of_a_fork_counts_once_in_every_order(read: Reader, order: tuple[str, ...]) -> None:
    files = {
        "a": [prompt("Before all", uuid="p0", session="a", at="2026-03-09T11:00:00.000Z"), *history("a")],
        "b": [*history("b"), more("b", 1)],
        "c": [*history("c")[1:], {**more("b", 1), "sessionId": name("c")}, more("c", 2, "2026-03-09T15:00:00.000Z")],
    }
    files["c"][0]["timestamp"] = files["c"][0]["timestamp"].replace("12:00:00", "12:00:01")  # c's file begins last
    bench = read(files, order)
    assert bill(bench) == usd(HISTORY_USD + 14 * 3.00 + 60 * 15.00)
    assert dict(rows(bench.sessions(), "session_id", "model_calls")) == {name("a"): 2, name("b"): 1, name("c"): 1}
    parents = dict(rows(bench.sessions(), "session_id", "parent_session_id"))
    assert parents == {name("a"): None, name("b"): name("a"), name("c"): name("b")}


@in_every_order("a", "b")
def test_a_fork_that_knows_more_of_a_response_gives_its_larger_snapshot(read: Reader, order: tuple[str, ...]) -> None:
    files = {
        "a": [prompt(uuid="p1", at=EARLY), answer(usage(3, 1), uuid="u1", at=MIDDLE)],
        "b": [
            answer(usage(3, 1), uuid="u1", session="b", at=MIDDLE),
            answer(usage(3, 400), uuid="u2", session="b", at=MIDDLE),
        ],
    }
    bench = read(files, order)
    assert lanes(bench) == [(3, 400, 0, 0, 0)]
    assert bill(bench) == usd(3 * 3.00 + 400 * 15.00)
    assert column(bench.model_calls(), "session_id") == [name("b")]  # the line that counts is b's own


@in_every_order("a", "b")
def test_short_ids_in_a_fork_count_once_where_the_records_are_the_same(read: Reader, order: tuple[str, ...]) -> None:
    def answers(session: str) -> list[Record]:
        return [
            answer(usage(3, n), message="=msg_1", request=None, uuid=f"s{n}", session=session, at=EARLY) for n in (1, 9)
        ]

    files = {
        "a": [prompt(uuid="p0", at="2026-03-09T11:00:00.000Z"), *answers("a")],
        "b": [*answers("b"), more("b", 1)],
    }
    bench = read(files, order)
    assert lanes(bench) == [(3, 9, 0, 0, 0), (7, 30, 0, 0, 0)]
    assert dict(rows(bench.sessions(), "session_id", "model_calls")) == {name("a"): 1, name("b"): 1}


def test_one_file_with_two_sessions_gives_each_its_own(read: Reader) -> None:
    bench = read(
        {"a": [answer(usage(3, 5), message="m1", uuid="1"), answer(usage(4, 6), message="m2", uuid="2", session="b")]}
    )
    assert dict(rows(bench.sessions(), "session_id", "output_tokens")) == {name("a"): 5, name("b"): 6}


def test_the_session_comes_from_the_record_not_from_the_file_s_name(read: Reader) -> None:
    bench = read({"00000000-0000-4000-8000-000000000000": [answer(usage(3, 5), session="a")]})
    assert column(bench.model_calls(), "session_id") == [name("a")]


@in_every_order("a", "b")
def test_a_copy_in_another_folder_is_in_one_project_only(read: Reader, order: tuple[str, ...]) -> None:
    files = {"a": history("a"), "b": [*history("b", cwd="/srv/other")[1:], more("b", 1)]}
    files["a"][0]["timestamp"] = "2026-03-09T11:00:00.000Z"
    bench = read(files, order)
    spent = dict(rows(bench.usage("project"), "project", "output_tokens"))
    assert spent == {"/srv/shop": 110 + 30}
    assert bill(bench) == usd(HISTORY_USD + 7 * 3.00 + 30 * 15.00)


def test_a_copied_folder_adds_nothing_but_physical_tokens(read: Reader) -> None:
    bench = read({"a": history("a"), "backup/a": history("a")})
    assert lanes(bench) == [(3, 40, 500, 0, 0), (5, 70, 0, 0, 900)]
    assert column(bench.physical(), "output_tokens") == [111, 111]
