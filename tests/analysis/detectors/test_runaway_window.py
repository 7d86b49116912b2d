"""runaway_window: twelve calls in which half fail, or one kind of command is tried between failures."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.runaway_window import DETECTOR
from tests.analysis.detectors.scripts import Script


def script(outcomes: str, commands: str = "") -> Script:
    made = Script().prompt("x")
    for place, letter in enumerate(outcomes):
        program = commands[place] if commands else f"p{place}"
        made.bash(f"{program} --option {place}", ok=letter == ".")
    return made


@pytest.mark.parametrize(
    ("outcomes", "count"),
    [
        ("xxxxxx......", 1),
        ("xxxxx.......", 0),
        ("x.x.x.x.x.x.", 1),
        ("xxxxxx.....", 0),
        ("." * 20, 0),
        ("......xxxxxx......", 1),
    ],
)
def test_half_of_twelve_calls_fail(outcomes, count):
    assert len(run(DETECTOR, script(outcomes).frames())) == count


@pytest.mark.parametrize(
    ("outcomes", "commands", "count"),
    [("xxx.........", "aaaaaaaaaabb", 1), ("xx..........", "aaaaaaaaaabb", 0), ("xxx.........", "aaaaaaaaabbb", 0)],
)
def test_three_failures_and_ten_commands_of_one_class(outcomes, commands, count):
    assert len(run(DETECTOR, script(outcomes, commands).frames())) == count


def test_windows_that_overlap_are_one_and_its_failures_were_in_vain():
    (finding,) = run(DETECTOR, script("xxxxxxxx........").frames()).itertuples()
    assert len(finding.wasted_event_ids) == 8


def test_denied_calls_are_no_failures():
    made = Script()
    for place in range(12):
        made.call("Bash", f"p{place}", status="denied")
    assert run(DETECTOR, made.frames()).empty
