"""Spread: how unequal costs are."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentobs.analysis.spread import gini, pareto_share, spread

COSTS = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=40)


@given(COSTS)
def test_gini_lies_between_its_bounds_and_does_not_mind_the_unit(values):
    found = gini(np.array(values))
    assert 0 <= found <= (len(values) - 1) / len(values) + 1e-9
    assert gini(np.array(values) * 100) == pytest.approx(found)


@given(COSTS, st.floats(0.05, 1), st.floats(0.05, 1))
def test_a_larger_top_has_no_smaller_share(values, one, other):
    low, high = sorted((one, other))
    assert pareto_share(np.array(values), top=low) <= pareto_share(np.array(values), top=high) + 1e-12 <= 1 + 1e-9


def test_of_nothing_there_is_no_spread():
    assert np.isnan([gini(np.array([])), gini(np.zeros(3)), pareto_share(np.array([np.nan]))]).all()


def test_tasks_are_told_apart_and_unknown_costs_are_in_no_number():
    data = pd.DataFrame({"task": ["a", "a", "a", "b", "b"], "cost_usd": [1.0, 3.0, None, 2.0, None]})
    made = spread(data, by="task").set_index("task")
    assert made.loc["a", ["sessions", "known", "least", "median", "most", "most_over_least"]].tolist() == [
        3,
        2,
        1,
        2,
        3,
        3,
    ]
    assert made.loc["a", "gini"] == pytest.approx(0.25)
    assert made.loc["b", "most"] == 2
    assert pd.isna(made.loc["b", "gini"])


def test_the_interval_of_gini_contains_it():
    made = spread(pd.DataFrame({"cost_usd": [1.0, 2.0, 3.0, 4.0, 30.0] * 6})).iloc[0]
    assert made["gini_low"] < made["gini"] < made["gini_high"]
    assert made["pareto_share"] == pytest.approx(0.75)
