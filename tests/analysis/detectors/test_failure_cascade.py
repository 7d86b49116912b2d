"""failure_cascade: failures in a row."""

from itertools import permutations

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.failure_cascade import DETECTOR, longest_run_p
from tests.analysis.detectors.scripts import Script

OUTCOMES = {"x": "error", ".": "ok", "d": "denied", "?": None}


def script(outcomes: str) -> Script:
    made = Script()
    for place, letter in enumerate(outcomes):
        made.call("Read", {"file_path": f"{place}.py"}, "said", status=OUTCOMES[letter])
    return made


@pytest.mark.parametrize(
    ("outcomes", "lengths"),
    [
        ("xxx", [3]),
        ("xx", []),
        ("xx.x", []),
        ("xxxx.xxx", [4, 3]),
        ("xxdx", []),
        ("xx?x", []),
        ("ddd", []),
        ("...", []),
    ],
)
def test_runs_of_three_failures(outcomes, lengths):
    assert [len(ids) for ids in run(DETECTOR, script(outcomes).prompt("x").frames())["event_ids"]] == lengths


@pytest.mark.parametrize(("calls", "failures", "length"), [(6, 3, 3), (6, 3, 2), (7, 4, 3), (5, 5, 3), (8, 3, 3)])
def test_p_is_the_share_of_all_orders_with_so_long_a_run(calls, failures, length):
    orders = set(permutations("x" * failures + "." * (calls - failures)))
    share = sum("x" * length in "".join(order) for order in orders) / len(orders)
    assert longest_run_p(calls, failures, length) == pytest.approx(share)


def test_a_run_that_chance_would_not_give_is_severe():
    assert run(DETECTOR, script("." * 40 + "xxxx").frames())["severity"].tolist() == ["high"]
    assert run(DETECTOR, script("xxx").frames())["severity"].tolist() == ["low"]


def test_a_thread_is_looked_at_alone():
    made = (
        Script()
        .call("Read", {}, status="error")
        .call("Read", {}, status="error", thread="t")
        .call("Read", {}, status="error")
    )
    assert run(DETECTOR, made.frames()).empty


def test_a_test_run_that_says_what_failed_was_not_in_vain():
    made = Script().prompt("x").bash("make", ok=False).test("t.py::a").bash("make", ok=False)
    (finding,) = run(DETECTOR, made.frames()).itertuples()
    assert finding.wasted_event_ids == finding.event_ids[2:]
