"""Metrics of sessions: outcome, verification, errors by class, and the quality score that rests on them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentobs import frames
from agentobs.analysis.detectors import find
from agentobs.analysis.intervals import bootstrap, wilson
from agentobs.analysis.metrics import metrics
from agentobs.analysis.reliability import CLASSES, error_class
from agentobs.analysis.scoring import scores
from agentobs.analysis.spread import gini, pareto_share
from tests.analysis.detectors.scripts import Script

TASK = "Fix the total in shop/cart.py so that tests/test_cart.py passes"


def edited() -> Script:
    return Script().prompt(TASK).read("shop/cart.py").edit("shop/cart.py")


SESSIONS = {
    "good": edited().test().say("All tests pass now."),
    "bad": edited().test("t::a").say("It still fails."),
    "talk": Script().prompt("hello").say("hi"),
    "pending": Script().prompt(TASK).call("Bash", "sleep 100", result=False),
}


def judged(name: str) -> tuple[pd.Series, pd.Series]:
    data = SESSIONS[name].frames()
    found = find(data)
    made = metrics(data["sessions"], data["steps"], data["model_calls"], found, data["events"])
    points = scores(data["sessions"], data["steps"], data["model_calls"], found)
    return made.iloc[0], points[points["variant"] == "agentobs_v1"].iloc[0]


@pytest.mark.parametrize(
    ("name", "outcome", "because"),
    [
        ("good", "success", "the last tests after the last edit passed"),
        ("bad", "failure", "the last tests after the last edit failed"),
        ("pending", "abandoned", "the last call has no result"),
        ("talk", "unknown", "the agent said its last word or handed in"),
    ],
)
def test_an_outcome_has_its_evidence(name, outcome, because):
    made, points = judged(name)
    assert (made["outcome"], points["outcome"]) == (outcome, outcome)
    assert because in points["evidence"]


def test_an_unknown_outcome_has_no_confidence():
    assert pd.isna(judged("talk")[0]["outcome_confidence"])
    assert judged("good")[0]["outcome_confidence"] > 0.6


def test_tests_that_nobody_ran_have_no_rate():
    assert judged("good")[0]["test_pass_rate"] == 1
    assert judged("bad")[0]["test_pass_rate"] == 0
    assert pd.isna(judged("talk")[0]["test_pass_rate"])


def test_a_session_of_which_too_little_is_known_is_unscored():
    _, points = judged("talk")
    assert not points["scored"]
    assert pd.isna(points["score"])
    good, bad = judged("good")[1], judged("bad")[1]
    assert good["scored"]
    assert good["score"] > bad["score"]
    assert 0 < good["coverage"] <= 1


def test_of_no_sessions_there_are_no_metrics():
    nothing = {name: frames.empty(frame) for name, frame in frames.FRAMES.items()}
    made = metrics(nothing["sessions"], nothing["steps"], nothing["model_calls"], nothing["findings"])
    assert made.empty
    assert list(made.columns) == frames.METRICS.names


@pytest.mark.parametrize(
    ("kind", "status", "output", "expected"),
    [
        ("command_execute", "error", "bash: foo: command not found", "environment"),
        ("command_execute", "error", "Permission denied", "permission"),
        ("file_read", "error", "No such file or directory", "not_found"),
        ("file_write", "error", "File has been modified since read", "stale_file"),
        ("command_execute", "error", "SyntaxError: invalid syntax", "syntax"),
        ("command_execute", "error", "Connection refused", "network"),
        ("command_execute", "error", "rate limit exceeded", "limit"),
        ("command_execute", "error", "Command timed out after 2m", "timeout"),
        ("test_run", "error", "1 failed, 2 passed", "test_failure"),
        ("command_execute", "interrupted", "", "user_interruption"),
        ("command_execute", "error", "something else", "other"),
        ("command_execute", "error", None, "other"),
    ],
)
def test_errors_fall_into_classes(kind, status, output, expected):
    assert error_class(kind, status, output) == expected
    assert expected in CLASSES


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_lies_in_its_interval(counts):
    good, n = counts
    low, high = wilson(good, n)
    assert 0 <= low <= good / n + 1e-12
    assert good / n - 1e-12 <= high <= 1


def test_of_nothing_there_is_no_interval():
    assert np.isnan(wilson(0, 0)).all()
    assert np.isnan(bootstrap(np.mean, [])).all()


def test_an_interval_of_many_is_narrower_and_the_same_each_time():
    few, many = (bootstrap(np.mean, np.arange(n) % 2) for n in (10, 1000))
    assert many[1] - many[0] < few[1] - few[0]
    assert bootstrap(np.mean, np.arange(10) % 2) == few


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=40))
def test_gini_is_between_equal_and_one_has_all(values):
    assert -1e-9 <= gini(np.array(values)) <= (len(values) - 1) / len(values) + 1e-9


def test_gini_and_pareto_by_eye():
    assert gini(np.array([1.0, 1.0, 1.0])) == pytest.approx(0)
    assert gini(np.array([0.0, 0.0, 3.0])) == pytest.approx(2 / 3)
    assert pareto_share(np.array([8.0, 1.0, 1.0, 0.0, 0.0])) == pytest.approx(0.8)
