"""Figures: the same every time, small enough, and honest about what has no price."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from agentobs.analysis.plots import MOST_POINTS, cost_by_group, cost_over_time, sessions_over_time, tokens_over_time
from agentobs.analysis.sessions import sessions_per_day
from agentobs.analysis.usage import usage_by
from agentobs.frames import MODEL_CALLS, SESSIONS, empty
from tests.analysis.samples import model_calls, sessions, work

DAY = datetime(2026, 3, 1, 12, tzinfo=UTC)
OPUS = {"model": "opus", "started_at": DAY, "input_tokens": 10, "output_tokens": 5, "cost_usd": 2.5}
ACME = {"model": "acme", "started_at": DAY, "input_tokens": 1000}


def daily(*calls: dict[str, object]) -> pd.DataFrame:
    return usage_by(model_calls(*calls), by=["day", "model"])


def bars(figure) -> dict[str, list[float]]:
    return {trace.name: list(trace.y) for trace in figure.data if trace.type == "bar"}


def test_tokens_are_stacked_by_model_the_largest_first():
    figure = tokens_over_time(daily(OPUS, OPUS, ACME))
    assert list(bars(figure).items()) == [("acme", [1000]), ("opus", [30])]
    assert figure.layout.barmode == "stack"


def test_calls_without_a_price_are_marked_and_draw_no_bar():
    figure = cost_over_time(daily(OPUS, ACME))
    assert bars(figure) == {"opus": [2.5]}
    (mark,) = [trace for trace in figure.data if trace.type == "scatter"]
    assert (mark.name, mark.text, mark.customdata) == ("unknown price", ("?",), ("acme: 1 calls",))


def test_where_nothing_has_a_price_no_dollar_is_drawn():
    figure = cost_over_time(daily(ACME))
    assert [trace.name for trace in figure.data] == ["unknown price"]
    assert figure.layout.yaxis.showticklabels is False
    assert cost_by_group(usage_by(model_calls(ACME), by=["model"]), group="model").data[0].text == ("unknown price",)


def test_a_model_has_the_same_colour_in_both_figures():
    usage = usage_by(work()["model_calls"], by=["day", "model"])
    colours = [
        {trace.name: trace.marker.color for trace in made(usage).data} for made in (tokens_over_time, cost_over_time)
    ]
    assert colours[0]["claude-opus-4-1"] == colours[1]["claude-opus-4-1"]


def test_many_models_end_in_one_that_stands_for_the_rest():
    figure = tokens_over_time(daily(*[OPUS | {"model": f"m{n:02d}"} for n in range(20)]))
    assert len(figure.data) == 8
    assert figure.data[-1].name == "13 other models"
    assert sum(sum(values) for values in bars(figure).values()) == 300


def test_years_of_days_are_drawn_by_week_or_month_and_lose_nothing():
    table = sessions(
        *[{"agent": f"a{n % 4}", "started_at": DAY + timedelta(days=n // 4), "human_turns": 1} for n in range(6000)]
    )
    figure = sessions_over_time(sessions_per_day(table))
    assert sum(len(trace.x) for trace in figure.data) <= MOST_POINTS
    assert sum(sum(trace.y) for trace in figure.data) == 6000
    assert "per week" in figure.layout.title.subtitle.text


@pytest.mark.parametrize("made", [tokens_over_time, cost_over_time])
def test_an_empty_range_is_drawn_as_a_sentence(made):
    assert "no model call" in made(usage_by(empty(MODEL_CALLS), by=["day", "model"])).layout.annotations[0].text
    assert "no session" in sessions_over_time(sessions_per_day(empty(SESSIONS))).layout.annotations[0].text
    assert "no model call" in cost_by_group(usage_by(empty(MODEL_CALLS), by=["project"])).layout.annotations[0].text


def test_a_figure_is_the_same_every_time():
    def drawn() -> list[str]:
        frames = work()
        usage = usage_by(frames["model_calls"], by=["day", "model"])
        figures = (
            tokens_over_time(usage),
            cost_over_time(usage),
            sessions_over_time(sessions_per_day(frames["sessions"])),
        )
        return [figure.to_json() for figure in figures]

    assert drawn() == drawn()


def test_names_of_others_are_no_markup():
    evil = "<a href='http://x'>m</a>"
    calls = model_calls(OPUS | {"model": evil, "project": evil})
    for figure in (
        tokens_over_time(usage_by(calls, by=["day", "model"])),
        cost_over_time(usage_by(calls, by=["day", "model"])),
        cost_by_group(usage_by(calls, by=["project"])),
    ):
        assert "<a" not in figure.to_json()
