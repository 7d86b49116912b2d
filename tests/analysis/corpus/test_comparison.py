"""Comparison: differences with intervals, a warning where the order turns, and silence where there is too little."""

import numpy as np
import pandas as pd
import pytest

from agentobs.analysis.comparison import compare, groups
from agentobs.analysis.comparison_plot import forest
from agentobs.errors import FrameError


def counted(*cells: tuple[str, str, int, int]) -> pd.DataFrame:
    rows = [(agent, kind, place < good) for agent, kind, good, n in cells for place in range(n)]
    return pd.DataFrame(rows, columns=["agent", "kind", "success"])


# the kidney stones of Charig 1986: A is better for either kind, B looks better over all
KIDNEY = counted(("A", "small", 81, 87), ("A", "large", 192, 263), ("B", "small", 234, 270), ("B", "large", 55, 80))


def test_simpsons_reversal_is_warned_of():
    found = compare(KIDNEY, value="success", by="agent", strata="kind", reference="B").loc[0]
    assert found["crude"] == pytest.approx(0.78 - 289 / 350)
    assert found["stratified"] > 0
    assert found["stratified_low"] == pytest.approx(-0.004, abs=0.03)
    assert found["simpson"] or found["crude_low"] < 0 < found["crude_high"]


def test_a_sure_reversal_says_so():
    many = pd.concat([KIDNEY] * 10, ignore_index=True)
    found = compare(many, value="success", by="agent", strata="kind", reference="B").loc[0]
    assert found["simpson"]
    assert "Simpson" in found["warning"]
    assert (found["crude_high"] < 0, found["stratified_low"] > 0) == (True, True)


def test_the_same_order_within_the_strata_is_no_warning():
    data = counted(("A", "x", 8, 10), ("A", "y", 6, 10), ("B", "x", 4, 10), ("B", "y", 2, 10))
    found = compare(data, value="success", by="agent", strata="kind", reference="B").loc[0]
    assert (found["crude"], found["stratified"]) == (pytest.approx(0.4), pytest.approx(0.4))
    assert (found["simpson"], pd.isna(found["warning"])) == (False, True)


def test_too_few_have_no_difference_and_strata_without_both_do_not_count():
    data = counted(("A", "x", 2, 3), ("B", "x", 4, 10), ("C", "y", 5, 10))
    found = compare(data, value="success", by="agent", strata="kind", reference="B").set_index("group")
    assert found.loc["A", ["crude", "stratified"]].isna().all()
    assert pd.notna(found.loc["C", "crude"])
    assert (found.loc["C", "strata"], found.loc["C", "stratified"]) == (0, pd.NA)
    assert "only the crude" in found.loc["C", "warning"]


def test_numbers_have_a_bootstrap_interval_that_holds_the_difference():
    random = np.random.default_rng(2)
    data = pd.DataFrame({"agent": ["A", "B"] * 100, "cost": random.exponential(1, 200)})
    data.loc[data["agent"] == "A", "cost"] += 1
    found = compare(data, value="cost", by="agent").loc[0]
    sign = -1 if found["group"] == "B" else 1
    assert found["crude_low"] < sign < found["crude_high"]
    pd.testing.assert_series_equal(found, compare(data, value="cost", by="agent").loc[0])


def test_unknown_values_are_counted_and_left_out():
    data = pd.DataFrame(
        {"agent": ["A", "A", "A", "B"], "success": pd.array([True, False, None, None], dtype="boolean")}
    )
    found = groups(data, value="success", by="agent").set_index("group")
    assert found.loc["A", ["n", "unknown", "mean"]].tolist() == [2, 1, 0.5]
    assert found.loc["A", "low"] == pytest.approx(0.0945, abs=1e-3)
    assert found.loc["B", "n"] == 0
    assert np.isnan(found.loc["B", "mean"])


def test_one_group_is_no_comparison():
    with pytest.raises(FrameError, match="needs two"):
        compare(counted(("A", "x", 1, 9)), value="success", by="agent")
    with pytest.raises(FrameError, match="no group 'Z'"):
        compare(KIDNEY, value="success", by="agent", reference="Z")


def test_the_forest_has_both_differences():
    figure = forest(compare(KIDNEY, value="success", by="agent", strata="kind", reference="B"), share=True)
    assert [trace.name for trace in figure.data] == ["crude", "stratified"]
    assert figure.data[0].x[0] < 0 < figure.data[1].x[0]
    assert figure.layout.yaxis.ticktext == ("A",)
