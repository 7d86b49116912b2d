"""tool_repetition: runs of the same call."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.tool_repetition import DETECTOR
from tests.analysis.detectors.scripts import Script


def script(letters: str, outputs: str = "") -> Script:
    made = Script()
    for place, letter in enumerate(letters):
        made.read(f"{letter}.py", outputs[place] if outputs else "same")
    return made


@pytest.mark.parametrize(
    ("letters", "lengths"),
    [("", []), ("aa", []), ("aaa", [3]), ("aab", []), ("aaaabbb", [4, 3]), ("ababab", []), ("baaab", [3])],
)
def test_runs_of_three_count(letters, lengths):
    assert [len(ids) for ids in run(DETECTOR, script(letters).prompt("x").frames())["event_ids"]] == lengths


def test_identical_results_are_worse_and_all_but_the_first_were_in_vain():
    (finding,) = run(DETECTOR, script("aaa").frames()).itertuples()
    assert finding.severity == "high"
    assert finding.wasted_event_ids == finding.event_ids[1:]
    assert (finding.wasted_tokens, finding.wasted_cost_usd, finding.wasted_s) == (220, 0.02, 2.0)


def test_different_results_are_no_proven_waste():
    (finding,) = run(DETECTOR, script("aaa", "xyz").frames()).itertuples()
    assert finding.severity == "medium"
    assert finding.wasted_event_ids == []


def test_a_subagent_between_does_not_break_a_run():
    made = Script().read("a.py").call("Read", {"file_path": "b.py"}, thread="t1").read("a.py").read("a.py")
    assert len(run(DETECTOR, made.frames())) == 1


def test_polling_a_running_command_is_no_repetition():
    made = Script()
    for _ in range(5):
        made.call("BashOutput", {"bash_id": "1"}, "")
    assert run(DETECTOR, made.frames()).empty
    assert len(run(DETECTOR, made.frames(), polling=())) == 1


def test_the_length_that_counts_is_a_parameter():
    assert len(run(DETECTOR, script("aa").frames(), at_least=2)) == 1
