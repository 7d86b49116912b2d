"""cycle_pingpong: short sequences of calls that repeat back to back."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.cycle_pingpong import DETECTOR
from tests.analysis.detectors.scripts import Script


def found(letters: str, **parameters: int) -> list[int]:
    made = Script().prompt("x")
    for letter in letters:
        made.read(f"{letter}.py")
    return [len(ids) for ids in run(DETECTOR, made.frames(), **parameters)["event_ids"]]


@pytest.mark.parametrize(
    ("letters", "lengths"),
    [
        ("ababab", [6]), ("abab", []), ("abcabcabc", [9]), ("aaaaaa", []), ("abababcdcdcd", [6, 6]), ("xababaybab", []),
        ("abcdeabcdeabcde", [15]), ("abcdefabcdefabcdef", []), ("abababa", [7]),
    ],
)  # fmt: skip
def test_blocks_of_two_to_five_calls_that_repeat_three_times(letters, lengths):
    assert found(letters) == lengths


def test_a_subagent_between_does_not_break_a_cycle():
    made = Script()
    for letter in "ababab":
        made.read(f"{letter}.py").call("Read", {"file_path": "own.py"}, thread="t1")
    assert [len(ids) for ids in run(DETECTOR, made.frames())["event_ids"]] == [6]


def test_edits_that_differ_on_the_same_targets_are_of_low_severity_and_no_proven_waste():
    made = Script()
    for number in range(3):
        made.edit("a.py", "x", f"y{number}").bash("python a.py", "ok")
    (finding,) = run(DETECTOR, made.frames()).itertuples()
    assert (finding.severity, finding.wasted_event_ids) == ("low", [])


def test_the_same_arguments_and_results_are_high_and_the_repetitions_were_in_vain():
    (finding,) = run(
        DETECTOR, Script().read("a.py").read("b.py").read("a.py").read("b.py").read("a.py").read("b.py").frames()
    ).itertuples()
    assert (finding.severity, len(finding.wasted_event_ids)) == ("high", 4)


def test_how_often_and_how_long_are_parameters():
    assert found("abab", at_least=2) == [4]
    assert found("abcabcabc", longest=2) == []
