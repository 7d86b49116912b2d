"""Forks that say what they were forked from: the stamp is no part of a record, and it tells who owns it."""

from tests.accounting.conftest import Reader, in_every_order
from tests.accounting.records import Record, answer, compaction, name, prompt, usage
from tests.accounting.said import bill, lanes, rows, usd

EARLY, LATE = "2026-03-09T12:00:00.000Z", "2026-03-09T14:00:00.000Z"
OLD, NEW = sorted(["a", "b"], key=name, reverse=True)  # the original has the larger id: a tie would go to the fork


def history(session: str) -> list[Record]:
    return [
        prompt("Add a cart", uuid="p1", session=session, at=EARLY),
        answer(usage(3, 40), uuid="u1", session=session, at=EARLY),
        compaction(uuid="c1", session=session, at=EARLY),
    ]


def forked(records: list[Record]) -> list[Record]:
    """Records as a fork holds them."""
    return [
        {**record, "sessionId": name(NEW), "forkedFrom": {"sessionId": name(OLD), "messageUuid": record["uuid"]}}
        for record in records
    ]


def own() -> Record:
    return answer(usage(7, 30), message="m2", request="r2", uuid="n1", session=NEW, at=LATE)


@in_every_order("old", "new")
def test_stamped_copies_are_copies_whatever_the_record(read: Reader, order: tuple[str, ...]) -> None:
    bench = read({"old": history(OLD), "new": [*forked(history(OLD)), own()]}, order)
    assert lanes(bench) == [(3, 40, 0, 0, 0), (7, 30, 0, 0, 0)]
    assert bill(bench) == usd(10 * 3.00 + 70 * 15.00)
    assert bench.sessions()["compactions"].sum() == 1
    assert len(bench.sql("SELECT * FROM quarantine")) == 0


@in_every_order("old", "new")
def test_a_fork_that_holds_each_record_with_and_without_the_stamp_owns_none_of_them(
    read: Reader, order: tuple[str, ...]
) -> None:
    unstamped = [{**record, "sessionId": name(NEW), "parentUuid": None} for record in history(OLD)]
    bench = read({"old": history(OLD), "new": [*forked(history(OLD)), *unstamped, own()]}, order)
    assert lanes(bench) == [(3, 40, 0, 0, 0), (7, 30, 0, 0, 0)]
    assert bench.sessions()["compactions"].sum() == 1
    assert dict(rows(bench.sessions(), "session_id", "model_calls")) == {name(OLD): 1, name(NEW): 1}


@in_every_order("old", "new")
def test_the_original_owns_what_a_stamped_fork_repeats(read: Reader, order: tuple[str, ...]) -> None:
    bench = read({"old": history(OLD), "new": [*forked(history(OLD)), own()]}, order)
    assert dict(rows(bench.sessions(), "session_id", "model_calls")) == {name(OLD): 1, name(NEW): 1}
    assert dict(rows(bench.sessions(), "session_id", "parent_session_id")) == {name(OLD): None, name(NEW): name(OLD)}
