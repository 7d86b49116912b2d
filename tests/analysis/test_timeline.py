"""One session as lanes: who did what when."""

from datetime import UTC, datetime, timedelta

import pandas as pd

from agentobs.analysis.timeline import COLUMNS, lanes
from agentobs.analysis.timeline_plot import session_timeline
from agentobs.frames import EVENTS, TOOL_CALLS, empty
from tests.analysis.samples import events, tool_calls

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


PROMPT = {"type": "user_interaction", "role": "user", "summary": "fix it"}
ANSWER = {"type": "llm_response", "role": "assistant", "usage_key": "m1", "model": "opus"}
ASK = {"type": "tool_invocation", "role": "assistant", "usage_key": "m1", "model": "opus"}
RESULT = {"type": "tool_result", "role": "tool"}
SESSION = events(
    PROMPT | {"ts": at(0)},
    ANSWER | {"ts": at(4)},
    ASK | {"ts": at(5)},
    RESULT | {"ts": at(9)},
    ANSWER | {"ts": at(11), "usage_key": "m2"},
    PROMPT | {"ts": at(71), "summary": "and the docs"},
    {"type": "error_encountered", "role": "system", "ts": at(72), "summary": "overloaded"},
)
CALL = {"tool_name": "Bash", "target": "pytest", "started_at": at(5), "ended_at": at(9), "status": "error"}


def rows(kind: str, made: pd.DataFrame) -> list[tuple[str, float, float, str]]:
    start = pd.Timestamp(START)
    return [
        (row["lane"], (row["started_at"] - start).total_seconds(), float(row["duration_s"]), row["label"])
        for row in made[made["kind"] == kind].to_dict("records")
    ]


def test_each_lane_shows_its_own():
    made = lanes(SESSION, tool_calls(CALL))
    assert rows("prompt", made) == [("human", 0, 0, "fix it"), ("human", 71, 0, "and the docs")]
    assert rows("model", made) == [("model", 0, 5, "opus"), ("model", 9, 2, "opus")]
    assert rows("failed tool", made) == [("tools", 5, 4, "Bash pytest")]
    assert rows("waiting", made) == [("human", 11, 60, "until the next prompt")]
    assert rows("error", made) == [("model", 72, 0, "overloaded")]


def test_a_subagent_has_a_lane_of_its_own_and_does_not_move_the_main_thread():
    sub = {"thread_id": "a11ce0001122"}
    seen = events(PROMPT | {"ts": at(0)}, ANSWER | sub | {"ts": at(3), "usage_key": "s1"}, ANSWER | {"ts": at(8)})
    made = lanes(seen, tool_calls(CALL | sub | {"status": "ok"}))
    assert rows("model", made) == [("model", 0, 8, "opus"), ("subagent a11ce000", 3, 0, "opus")]
    assert [row[0] for row in rows("tool", made)] == ["subagent a11ce000"]


def test_a_call_without_a_result_is_shown_with_an_unknown_end():
    (row,) = lanes(empty(EVENTS), tool_calls(CALL | {"ended_at": None, "status": None})).to_dict("records")
    assert row["kind"] == "tool"
    assert pd.isna(row["duration_s"])


def test_an_event_whose_time_is_not_known_is_left_out():
    assert lanes(SESSION.assign(ts_quality="none"), empty(TOOL_CALLS)).empty


def test_a_long_session_is_merged_and_loses_no_mark():
    calls = tool_calls(
        *[CALL | {"started_at": at(2 * n), "ended_at": at(2 * n + 1), "status": "ok"} for n in range(500)]
    )
    made = lanes(empty(EVENTS), calls, most=50)
    assert len(made) <= 51
    assert made["marks"].sum() == 500
    assert made["duration_s"].sum() == 500
    assert made["label"].iloc[0] == "10 × tool"
    assert made.columns.tolist() == list(COLUMNS)


def test_an_empty_session_is_drawn_as_a_sentence():
    figure = session_timeline(lanes(empty(EVENTS), empty(TOOL_CALLS)))
    assert "no event with a known time" in figure.layout.annotations[0].text


def test_a_pause_is_cut_short_and_named():
    seen = events(
        PROMPT | {"ts": at(0)},
        ANSWER | {"ts": at(60)},
        PROMPT | {"ts": at(7260)},
        ANSWER | {"ts": at(7320), "usage_key": "m2"},
    )
    figure = session_timeline(lanes(seen, empty(TOOL_CALLS)), tz="Europe/Berlin")
    assert [note.text for note in figure.layout.annotations] == ["pause 2 h 00 min"]
    drawn = [x for trace in figure.data if trace.name == "prompt" for x in trace.x]
    assert drawn[0] == 0
    assert 60 < drawn[1] < 70
    assert figure.layout.xaxis.ticktext[0] == "10:00:00<br>1 Mar"


def test_many_subagents_share_the_last_lane():
    seen = events(*[ANSWER | {"ts": at(n), "usage_key": f"m{n}", "thread_id": f"{n:08d}"} for n in range(40)])
    names = session_timeline(lanes(seen, empty(TOOL_CALLS))).layout.yaxis.ticktext
    assert len(names) == 14
    assert names[-1] == "27 more subagents"


def test_text_of_others_is_no_markup_in_a_figure():
    evil = "<a href='http://x'>x</a>\u202e<b>"
    figure = session_timeline(lanes(events(PROMPT | {"ts": at(0), "summary": evil}), empty(TOOL_CALLS)), title=evil)
    assert "<" not in figure.layout.title.text
    for trace in figure.data:
        assert not any("<" in text or "\u202e" in text for hover in trace.customdata for text in hover)
