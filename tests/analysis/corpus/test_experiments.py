"""Natural experiments: a planted jump is found and beats its placebos; a mere trend is none."""

import numpy as np
import pandas as pd
import pytest

from agentobs.analysis.experiments import interrupted, placebo_jumps
from agentobs.analysis.experiments_plot import interrupted_series, placebo_figure
from agentobs.errors import FrameError

DAYS = pd.date_range("2026-03-01", periods=80, tz="UTC", unit="us")
CHANGE = DAYS[40]


def series(jump: float = 0.0, slope: float = 0.0, seed: int = 1) -> pd.DataFrame:
    place = np.arange(80)
    values = 5 + slope * place + jump * (place >= 40) + np.random.default_rng(seed).normal(0, 1, 80)
    return pd.DataFrame({"started_at": DAYS, "tests": values})


def test_a_jump_is_found_with_its_size():
    row = interrupted(series(jump=4), value="tests", change=CHANGE).loc[0]
    assert (row["before"], row["after"]) == (40, 40)
    assert row["jump_low"] < 4 < row["jump_high"]
    assert row["jump_low"] > 1
    assert row["placebo_p"] < 0.06
    assert row["level_before"] == pytest.approx(5, abs=1)


def test_a_trend_alone_is_no_jump():
    row = interrupted(series(slope=0.1), value="tests", change=CHANGE).loc[0]
    assert row["jump_low"] < 0 < row["jump_high"]
    assert row["placebo_p"] > 0.05


def test_placebo_dates_keep_to_one_side_of_the_change():
    jumps = placebo_jumps(series(jump=6), value="tests", change=CHANGE, least=10)
    assert jumps.loc[jumps["real"], "at"].tolist() == [CHANGE]
    others = jumps.loc[~jumps["real"], "at"]
    assert ((others <= DAYS[30]) | (others >= DAYS[50])).all()
    assert jumps["jump"].idxmax() == jumps.index[jumps["real"]][0]


def test_false_alarms_are_rare():
    wrong = [interrupted(series(seed=n), value="tests", change=CHANGE).loc[0, "placebo_p"] <= 0.05 for n in range(20)]
    assert sum(wrong) <= 3


def test_a_constant_series_has_no_jump():
    row = interrupted(series().assign(tests=1.0), value="tests", change=CHANGE).loc[0]
    assert (row["jump"], row["jump_p"], row["placebo_p"]) == (0, 1, 1)


def test_a_naive_time_is_utc_and_too_few_values_are_refused():
    assert interrupted(series(), value="tests", change="2026-04-10").loc[0, "change"] == CHANGE
    with pytest.raises(FrameError, match="either side needs 8"):
        interrupted(series(), value="tests", change=DAYS[3])


def test_figures_show_the_jump():
    result = interrupted(series(jump=4), value="tests", change=CHANGE)
    figure = interrupted_series(series(jump=4), result, value="tests")
    jump = next(trace for trace in figure.data if trace.name == "jump")
    assert jump.y[1] - jump.y[0] == pytest.approx(result.loc[0, "jump"])
    placebos = placebo_figure(placebo_jumps(series(jump=4), value="tests", change=CHANGE))
    assert [trace.name for trace in placebos.data] == ["placebo", "change"]
    assert len(placebos.data[1].x) == 1
