"""All the ways in which a response can be written down at once, read in several orders: one bill.

The reader holds every frame against the folder's, which knows no order: so all orders give the same frames.
"""

from random import Random
from typing import Any

import pandas as pd
import pytest

from agentobs.store import engine
from agentobs.store.rebuild import rebuild
from tests.accounting.conftest import FRAMES, Files, Reader
from tests.accounting.records import HAIKU, OPUS, Record, answer, compaction, name, progress, prompt, usage
from tests.accounting.said import bill, by_day, lanes, rows, usd

SUBAGENT = f"{name('old')}/subagents/agent-t1"


def at(clock: str) -> str:
    return f"2026-03-29T{clock}.000Z"


def history(session: str) -> list[Record]:
    return [
        prompt("Add a cart", uuid="p1", session=session, at=at("10:00:00")),
        answer(usage(3, 1, read=500), message="h1", request="h1", uuid="h1", session=session, at=at("10:00:01")),
        answer(usage(3, 40, read=500), message="h1", request="h1", uuid="h2", session=session, at=at("10:00:02")),
        answer(usage(4, 5), message="=msg_1", request=None, uuid="h3", session=session, at=at("10:05:00")),
        compaction(uuid="h4", session=session, at=at("10:06:00")),
    ]


def said(session: str, uuid: str, clock: str, spent: Record, **fields: Any) -> Record:
    """A response of one line, named after its record."""
    given = {"message": uuid, "request": uuid, **fields}
    return answer(spent, uuid=uuid, session=session, at=at(clock), **given)


def side(output: int, uuid: str) -> Record:
    return said("old", uuid, "11:00:00", usage(5, output), message="s", request="s", thread="t1", model=HAIKU)


def replayed() -> Record:
    """A main response as a side conversation repeats it, larger."""
    return said("old", "replay", "11:00:05", usage(3, 4000), message="h1", request="h1", thread="t1")


FILES: Files = {
    "old": [
        prompt("Before all", uuid="p0", session="old", at=at("09:00:00")),
        *history("old"),
        progress(side(1, "s1"), session="old", uuid="g1", at=at("11:00:00")),
        progress(side(60, "s2"), session="old", uuid="g2", at=at("11:00:01")),
        said("old", "last", "21:59:59", usage(7, 8)),
    ],
    "resumed": [*history("old"), said("old", "more", "22:00:00", usage(9, 10))],
    "fork": [*history("fork"), said("fork", "f1", "12:00:00", usage(11, 12), model=OPUS)],
    "fork of the fork": [
        *history("fork2")[1:],
        said("fork2", "f2", "12:00:01", usage(11, 900), message="f1", request="f1", model=OPUS),
        said("fork2", "x1", "13:00:00", usage(13, 14), model="frontier-9-ultra"),
    ],
    SUBAGENT: [side(1, "s1"), side(60, "s2"), replayed()],
    "side only": [said("other", "alone", "08:00:00", usage(15, 16), thread="t9")],
}
PRICED = (
    (3 * 3.00 + 40 * 15.00 + 500 * 0.30)  # h1: its main line, not the larger replay
    + (4 * 3.00 + 5 * 15.00)  # msg_1
    + (5 * 1.00 + 60 * 5.00)  # s, the subagent
    + (7 * 3.00 + 8 * 15.00)  # last
    + (9 * 3.00 + 10 * 15.00)  # more
    + (11 * 5.00 + 900 * 25.00)  # f1: the fork of the fork knows its end
    + (15 * 3.00 + 16 * 15.00)  # alone
)
ORDERS = {
    "as written": list(FILES),
    "backwards": list(FILES)[::-1],
    "shuffled": Random(5).sample(list(FILES), len(FILES)),
}


@pytest.mark.parametrize("order", ORDERS)
def test_the_bill_is_the_same_in_every_order(read_everywhere: Reader, order: str) -> None:
    bench = read_everywhere(FILES, ORDERS[order])
    assert bill(bench) == usd(PRICED)
    assert sorted(lanes(bench)) == [
        (3, 40, 500, 0, 0), (4, 5, 0, 0, 0), (5, 60, 0, 0, 0), (7, 8, 0, 0, 0), (9, 10, 0, 0, 0), (11, 900, 0, 0, 0),
        (13, 14, 0, 0, 0), (15, 16, 0, 0, 0),
    ]  # fmt: skip
    assert by_day(bench, "Europe/Zurich") == {"2026-03-29": 7, "2026-03-30": 1}
    spent = dict(rows(bench.sessions(), "session_id", "model_calls"))
    assert spent == {name("old"): 5, name("fork"): 0, name("fork2"): 2, name("other"): 1}
    assert dict(rows(bench.sessions(), "session_id", "unpriced_calls"))[name("fork2")] == 1


def test_what_is_rebuilt_from_the_events_is_what_was_kept(read: Reader) -> None:
    kept = read(FILES, ORDERS["shuffled"])
    with engine.connect(read.url) as connection:
        rebuild(connection)
    rebuilt = read.look()
    for frame in FRAMES:
        pd.testing.assert_frame_equal(getattr(kept, frame)(), getattr(rebuilt, frame)())
    assert bill(rebuilt) == usd(PRICED)
