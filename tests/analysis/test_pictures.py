"""The curve of a session's context, and where the cost went."""

import pandas as pd

from agentobs import frames
from agentobs.analysis.context_fill import context_fill, plot_context_fill
from agentobs.analysis.detectors import find
from agentobs.analysis.waste import wasted
from agentobs.analysis.waterfall import cost_waterfall, plot_cost_waterfall
from tests.analysis.detectors.scripts import Script


def filled() -> Script:
    made = Script().prompt("x").say("a", input_tokens=10, cache_read_tokens=90)
    made.say("b", input_tokens=50, cache_read_tokens=50, cache_write_5m_tokens=100).say(
        "sub", thread="t1", input_tokens=7
    )
    return made.compaction().say("c", input_tokens=20, cache_read_tokens=None)


def test_the_context_is_all_that_the_model_was_given_on_the_main_thread():
    data = filled().frames()
    fill = context_fill(data["model_calls"], data["steps"])
    assert fill["context_tokens"].tolist() == [100, 200, 20]
    assert fill["cached_share"].tolist()[:2] == [0.9, 0.25]
    assert pd.isna(fill["cached_share"].tolist()[2])
    assert fill["compacted"].tolist() == [False, False, True]


def test_the_curve_has_a_point_per_call_a_mark_per_compaction_and_the_window():
    data = filled().frames()
    made = plot_context_fill(context_fill(data["model_calls"], data["steps"]), window=200_000)
    assert list(made.data[0].y) == [100, 200, 20]
    assert sorted(note.text for note in made.layout.annotations) == ["compacted", "window: 200,000"]


def test_a_session_without_tokens_says_so():
    made = plot_context_fill(context_fill(frames.empty(frames.MODEL_CALLS), frames.empty(frames.STEPS)))
    assert "no call" in made.layout.annotations[0].text


def costly() -> dict[str, pd.DataFrame]:
    made = Script().prompt("x").say("a", cost_usd=0.5, model="big").say("b", cost_usd=0.25, model="small")
    made.say("c", cost_usd=None, model="unknown").say("d", cost_usd=0.125, model="small", thread="t1")
    for _ in range(3):
        made.call("Read", {"file_path": "a.py"}, "same", cost_usd=0.0625, model="small")
    return made.frames()


def test_the_cost_of_models_adds_up_and_what_was_in_vain_is_taken_off_once():
    data = costly()
    found = find(data, ["tool_repetition", "reread_thrash"])
    rows = cost_waterfall(data["model_calls"], found, wasted(found, data["steps"], data["model_calls"]))
    assert rows[["label", "cost_usd"]].to_numpy().tolist() == [
        ["big", 0.5],
        ["small", 0.4375],
        ["small, subagents", 0.125],
        ["all", 1.0625],
        ["in vain", -0.125],
        ["of use", 0.9375],
    ]
    assert rows.attrs["unpriced_calls"] == 1
    made = plot_cost_waterfall(rows)
    assert list(made.data[0].measure) == ["relative", "relative", "relative", "total", "relative", "total"]
    assert "1 calls without a price" in made.layout.title.subtitle.text


def test_without_a_price_there_is_no_waterfall():
    data = Script().say("a", cost_usd=None).frames()
    nothing = frames.empty(frames.FINDINGS)
    rows = cost_waterfall(data["model_calls"], nothing, wasted(nothing, data["steps"], data["model_calls"]))
    assert rows.empty
    assert "no call with a known price" in plot_cost_waterfall(rows).layout.annotations[0].text
