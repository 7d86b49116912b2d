"""Intervals: Wilson and bootstrap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentobs.analysis.intervals import bootstrap, wilson


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_contains_the_share_and_stays_a_share(counts):
    good, n = counts
    low, high = wilson(good, n)
    assert 0 <= low <= good / n <= high <= 1
    assert low < high


def test_wilson_by_the_book():
    low, high = wilson([0, 5, 10], 10)  # Newcombe 1998, method 3
    assert low.round(4).tolist() == [0.0, 0.2366, 0.7225]
    assert high.round(4).tolist() == [0.2775, 0.7634, 1.0]


def test_of_nothing_there_is_no_interval():
    assert np.isnan(wilson(0, 0)).all()
    assert np.isnan(bootstrap(np.mean, [])).all()
    assert np.isnan(bootstrap(lambda _: float("nan"), [1.0])).all()


def test_more_trials_and_less_confidence_are_narrower():
    def width(n: int, confidence: float = 0.95) -> float:
        low, high = wilson(n // 2, n, confidence=confidence)
        return float(high - low)

    assert width(1000) < width(10)
    assert width(10, 0.8) < width(10)


@given(st.lists(st.integers(-100, 100), min_size=1, max_size=30), st.integers(0, 5))
def test_a_bootstrap_of_the_mean_lies_within_the_data_and_repeats(values, seed):
    found = bootstrap(np.mean, values, resamples=50, seed=seed)
    assert min(values) <= found[0] <= found[1] <= max(values)
    assert bootstrap(np.mean, values, resamples=50, seed=seed) == found


def test_rows_of_a_group_are_drawn_together():
    values, groups = [0.0, 0.0, 1.0, 1.0], ["a", "a", "b", "b"]
    drawn: list[float] = []
    bootstrap(lambda x: drawn.append(float(np.mean(x))) or 0.0, values, resamples=40, groups=groups)
    assert set(drawn) <= {0.0, 0.5, 1.0}


def test_a_stratum_keeps_its_size():
    found = bootstrap(np.mean, [0.0, 0.0, 0.0, 1.0], resamples=40, strata=["a", "a", "a", "b"])
    assert found == pytest.approx((0.25, 0.25))
