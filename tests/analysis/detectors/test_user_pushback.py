"""user_pushback: what rejects, what corrects, what neither."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.user_pushback import DETECTOR
from tests.analysis.detectors.scripts import Script

REJECTS = [
    "No, that's wrong.",
    "nope, the badge is still failing",
    "Undo that please",
    "revert those changes",
    "That is not what I asked for",
    "I didn't ask you to rename it",
    "why did you delete the tests?",
    "You broke the build",
    "horrible, it doesnt work",
    "this is wrong",
    "You edited the wrong class, the one below it rounds",
    "It's even worse now",
    "Did you actually start the server?",
    "why cant you follow the style of the other files",
    "Falsch, die Summe bleibt netto",
    "non, ce n'est pas la bonne classe",
    "不对，两个都要保留",
    "That's the previous layout. I wanted the wide one.",
    "Stop the refactoring",
]
CORRECTS = [
    "It still fails with the same error",
    "the button doesn't show",
    "don't use mocks here",
    "Actually, use a dict",
    "way too big",
    "I'm getting an error now: KeyError",
    "that's not quite right",
    "The search box has disappeared",
    "Sorting: it used to work by date",
    "Give me my old colours back",
    "UTC everywhere, as I described above",
    "use pnpm, not npm",
    "the dialog doesnt open",
    "it doesn't look like the mockup",
]
NEITHER = [
    "Now add a test for the tax",
    "Thanks, looks good",
    "No problem, go ahead",
    "no, thanks",
    "yes",
    "Great! Next: the readme",
    "Add a check that no user can be deleted",
    "what does this function do?",
    "Wait for the build and then commit",
    "You know, why not run them all",
    "Not bad! Next comes the footer",
    "Not too shabby, thanks. Now the same for the tax",
    "No further questions, start with the export",
    "No objections. Merge it",
    "I found another bug, not caused by your change: dates are off by one. Please look into it",
    "Stop the container once the import is through, then start on the docs",
    "The crash is gone. Next: the footer",
    "Nein danke, das reicht. Jetzt die Doku",
    "Why don't you also add a test for the tax",
    "The errors are gone, now the footer",
    "I get back to you on that; next, the footer",
    "Did you know there is a helper for dates? The next task needs it",
    "```\nAssertionError: this is wrong\n```\nadd this to the docs",
]


def after_work(text: str) -> Script:
    return Script().prompt("Fix it.").edit("a.py").say("Done.").prompt(text)


@pytest.mark.parametrize("text", REJECTS)
def test_a_rejection_is_high(text):
    assert run(DETECTOR, after_work(text).frames())["severity"].tolist() == ["high"]


@pytest.mark.parametrize("text", CORRECTS)
def test_a_correction_is_medium(text):
    assert run(DETECTOR, after_work(text).frames())["severity"].tolist() == ["medium"]


@pytest.mark.parametrize("text", NEITHER)
def test_a_next_task_is_no_pushback(text):
    assert run(DETECTOR, after_work(text).frames()).empty


def test_a_first_prompt_pushes_nothing_back():
    assert run(DETECTOR, Script().prompt("No, this is wrong").prompt("Undo that").say("ok").frames()).empty


def test_no_to_a_question_of_the_agent_is_an_answer():
    script = Script().prompt("x").say("Shall I also add docs?").prompt("No, commit it first")
    assert run(DETECTOR, script.frames()).empty


def test_no_in_another_language_answers_a_question_too():
    script = Script().prompt("x").say("Soll ich auch die Doku anpassen?").prompt("Nein, erst der Commit")
    assert run(DETECTOR, script.frames()).empty


def test_an_interrupt_counts_apart_and_what_it_stopped_was_in_vain():
    script = Script().prompt("x").call("Bash", "sleep 9", "stopped", kind="command_execute", status="interrupted")
    script.interrupt().prompt("No, stop that")
    (finding,) = run(DETECTOR, script.frames()).itertuples()  # nothing was done that the second prompt could reject
    assert "interrupted" in finding.explanation
    assert len(finding.wasted_event_ids) == 1


def test_an_interrupt_and_a_rejection_of_the_work_before_it_are_two_findings():
    script = Script().prompt("x").edit("a.py").interrupt().prompt("No, undo that")
    assert len(run(DETECTOR, script.frames())) == 2


def test_a_call_cancelled_with_its_siblings_was_interrupted_by_nobody():
    script = Script().prompt("x").call("Edit", {}, "Sibling tool call errored", status="interrupted")
    assert run(DETECTOR, script.frames()).empty
