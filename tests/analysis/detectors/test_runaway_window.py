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


@pytest.mark.parametrize(
    ("command", "count"),
    [("DEBUG=1 npm run build", 1), ("cd web && CI=1 npm test", 1), ("<b>npm</b> run build", 0), ("$(which npm) ci", 0)],
)
def test_the_class_of_a_command_is_its_program_and_unknown_where_nobody_can_read_it(command, count):
    made = Script().prompt("x")
    for place in range(12):
        made.bash(f"{command} # {place}", ok=place > 2)
    assert len(run(DETECTOR, made.frames())) == count


def test_a_test_run_that_says_what_failed_was_not_in_vain():
    made = Script().prompt("x")
    for place in range(6):
        made.test("t.py::a").bash(f"p{place}", ok=place > 0)
    (finding,) = run(DETECTOR, made.frames()).itertuples()
    assert len(finding.wasted_event_ids) == 1
