"""same_error_retry: the same error with nothing done about it."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.same_error_retry import DETECTOR
from tests.analysis.detectors.scripts import Script

NOT_FOUND = "String to replace not found in file /home/ada/shop/cart.py at line 17"


def script(*between: str, error: str = NOT_FOUND) -> Script:
    """Three failed edits of cart.py; after the first and the second, something is done."""
    made = Script().edit("cart.py", "x", "y1", status="error", said=error)
    for number, what in enumerate((*between, "", "")[:2]):
        if what == "prompt":
            made.prompt("go on")
        elif what:
            made.edit(what)
        made.edit("cart.py", "x", f"y{number + 2}", status="error", said=error.replace("17", str(number)))
    return made


@pytest.mark.parametrize(
    ("between", "count"),
    [((), 1), (("other.py",), 1), (("cart.py",), 0), (("prompt",), 0), (("", "cart.py"), 0)],
)
def test_three_times_without_an_edit_of_the_named_file(between, count):
    assert len(run(DETECTOR, script(*between).frames())) == count


def test_two_times_are_not_enough_and_another_error_is_another():
    made = (
        Script()
        .edit("a.py", status="error", said="no such string here")
        .edit("a.py", status="error", said="no such string here")
    )
    assert run(DETECTOR, made.frames()).empty
    made.edit("a.py", status="error", said="permission was refused by the system")
    assert run(DETECTOR, made.frames()).empty
    made.edit("a.py", status="error", said="no such string here")
    assert len(run(DETECTOR, made.frames())) == 1


@pytest.mark.parametrize(("mending", "count"), [("edit", 0), ("redirect", 0), ("read", 1)])
def test_any_edit_is_an_attempt_to_mend_a_command(mending, count):
    made = Script().prompt("x")
    for number in range(3):
        made.bash("python run.py", f"Traceback\n  File run.py, line {number}\nKeyError: 'total' is missing", ok=False)
        if mending == "edit":
            made.edit("lib.py")
        elif mending == "redirect":
            made.bash("cat > lib.py <<EOF\nx\nEOF")
        else:
            made.read(f"lib{number}.py")
    assert len(run(DETECTOR, made.frames())) == count


def test_the_same_call_each_time_is_worse_and_all_but_the_first_were_in_vain():
    made = Script()
    for _ in range(4):
        made.bash("make", "make: *** No rule to make target", ok=False)
    (finding,) = run(DETECTOR, made.frames()).itertuples()
    assert (finding.severity, len(finding.wasted_event_ids)) == ("high", 3)


def test_denials_are_no_errors():
    made = Script()
    for _ in range(4):
        made.call("Bash", "make", "The user doesn't want this", status="denied")
    assert run(DETECTOR, made.frames()).empty
