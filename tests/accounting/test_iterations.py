"""`usage.iterations`: the passes of one response. The top level sums the model's own, and only those.

A consulted advisor and a compaction by the API are billed beside them; an attempt that was refused is not.
"""

import pytest

from tests.accounting.conftest import Reader
from tests.accounting.records import OPUS, SONNET, Record, answer, usage
from tests.accounting.said import LANES, bill, lanes, rows, usd


def iteration(kind: str, given: int, written: int, read: int = 0, short: int = 0, model: str | None = None) -> Record:
    passed = usage(given, written, read, short, type=kind)
    del passed["service_tier"]
    return passed if model is None else {**passed, "model": model}


ADVISED = [
    iteration("message", 1, 45, read=1000, short=70),
    iteration("advisor_message", 1594, 780, model=OPUS),
    iteration("message", 1, 446, read=1100, short=30),
]
MAIN_USD = 2 * 3.00 + 491 * 15.00 + 2100 * 0.30 + 100 * 3.75
ADVISOR_USD = 1594 * 5.00 + 780 * 25.00


def test_iterations_of_the_model_itself_are_inside_the_top_level(read: Reader) -> None:
    spent = usage(2, 491, read=2100, short=100, iterations=[ADVISED[0], ADVISED[2]])
    bench = read({"a": [answer(spent)]})
    assert lanes(bench) == [(2, 491, 2100, 100, 0)]
    assert bill(bench) == usd(MAIN_USD)


@pytest.mark.parametrize("nothing", [None, [], {}, "x", [None], [{}], [{"type": "later"}]])
def test_iterations_that_say_nothing_change_nothing(read: Reader, nothing: object) -> None:
    assert lanes(read({"a": [answer(usage(10, 20, iterations=nothing))]})) == [(10, 20, 0, 0, 0)]


def test_a_refused_attempt_before_a_fallback_is_not_billed(read: Reader) -> None:
    tries = [
        iteration("message", 2, 578, read=72_769, short=10_421, model="claude-fable-5"),
        iteration("fallback_message", 2, 13_658, read=79_214, model=OPUS),
    ]
    bench = read({"a": [answer(usage(2, 13_658, read=79_214, iterations=tries), model=OPUS)]})
    assert rows(bench.model_calls(), "model", *LANES) == [(OPUS, 2, 13_658, 79_214, 0, 0)]
    assert bill(bench) == usd(2 * 5.00 + 13_658 * 25.00 + 79_214 * 0.50)


def test_an_advisor_is_a_call_of_its_own_at_its_own_price(read: Reader) -> None:
    bench = read({"a": [answer(usage(2, 491, read=2100, short=100, iterations=ADVISED))]})
    assert sorted(rows(bench.model_calls(), "model", *LANES)) == [
        (OPUS, 1594, 780, 0, 0, 0),
        (SONNET, 2, 491, 2100, 100, 0),
    ]
    assert bill(bench) == usd(MAIN_USD + ADVISOR_USD)
    assert bench.sessions()["models"].tolist() == [[OPUS, SONNET]]


def test_an_advisor_in_every_line_of_a_response_counts_once(read: Reader) -> None:
    lines = [answer(usage(2, n, read=2100, iterations=ADVISED), uuid=str(n)) for n in (45, 491)]
    bench = read({"a": lines, "resumed": lines})
    assert sorted(rows(bench.model_calls(), "model", "output_tokens")) == [(OPUS, 780), (SONNET, 491)]


def test_two_advisors_of_one_response_are_two_calls(read: Reader) -> None:
    spent = usage(2, 491, iterations=[*ADVISED, iteration("advisor_message", 7, 8, model=OPUS)])
    bench = read({"a": [answer(spent)]})
    assert sorted(rows(bench.model_calls(), "model", "output_tokens")) == [(OPUS, 8), (OPUS, 780), (SONNET, 491)]


def test_a_compaction_by_the_api_is_billed_beside_the_answer(read: Reader) -> None:
    passes = [iteration("compaction", 180_000, 3_500), iteration("message", 23_000, 1_000)]
    bench = read({"a": [answer(usage(23_000, 1_000, iterations=passes))]})
    assert sorted(lanes(bench)) == [(23_000, 1_000, 0, 0, 0), (180_000, 3_500, 0, 0, 0)]
    assert bill(bench) == usd(203_000 * 3.00 + 4_500 * 15.00)
