"""What was found, summed up by detector and by session."""

import pandas as pd

from agentobs import frames
from agentobs.analysis.detectors import find
from agentobs.analysis.findings import by_detector, by_session, plot_by_detector, plot_scores
from agentobs.analysis.scoring import scores
from tests.analysis.detectors.scripts import Script, together

NAMES = ["tool_repetition", "failure_cascade"]


def corpus() -> dict[str, pd.DataFrame]:
    """Four sessions: one repeats a call twice over, one fails three times in a row, two are well."""
    circles = Script("s1").prompt("Fix the cart")
    for file in "aaabbb":
        circles.read(f"{file}.py")
    failing = Script("s2").prompt("Build it")
    for number in range(3):
        failing.bash(f"make {number}", "no", ok=False)
    return together(circles, failing, Script("s3").read("a"), Script("s4").say("hi"))


def test_each_detector_has_its_share_of_all_sessions_with_an_interval():
    data = corpus()
    made = by_detector(find(data, NAMES), data["sessions"])
    rows = made.set_index("detector")
    assert rows.loc["tool_repetition", ["findings", "sessions", "share", "high"]].tolist() == [2, 1, 0.25, 2]
    assert rows.loc["failure_cascade", ["findings", "sessions"]].tolist() == [1, 1]
    assert (rows["share_low"] < 0.25).all()
    assert (rows["share_high"] > 0.25).all()
    assert rows["wasted_cost_usd"].round(6).to_dict() == {"tool_repetition": 0.04, "failure_cascade": 0.02}


def test_sessions_with_severe_findings_come_first():
    data = corpus()
    found = find(data, NAMES)
    judged = scores(data["sessions"], data["steps"], data["model_calls"], found)
    made = by_session(found, data["sessions"], judged[judged["variant"] == "devlog_v1"])
    assert made["session_id"].tolist() == ["s1", "s2"]
    assert made["high"].tolist() == [2, 0]
    assert made["task"].tolist() == ["Fix the cart", "Build it"]
    assert made["detectors"].tolist() == ["tool_repetition", "failure_cascade"]


def test_nothing_found_gives_empty_tables_and_a_sentence():
    nothing, none = frames.empty(frames.FINDINGS), frames.empty(frames.SESSIONS)
    assert by_detector(nothing, none).empty
    assert by_session(nothing, none, frames.empty(frames.SCORES)).empty
    assert plot_by_detector(nothing).layout.annotations[0].text == "nothing was found"
    assert plot_scores(frames.empty(frames.SCORES)).layout.annotations[0].text == "no session could be scored"


def test_the_bars_count_findings_by_severity():
    made = plot_by_detector(find(corpus(), NAMES))
    bars = {bar.name: dict(zip(bar.y, bar.x, strict=True)) for bar in made.data}
    assert bars["high"]["tool_repetition"] == 2
    assert sum(sum(bar.values()) for bar in bars.values()) == 3
