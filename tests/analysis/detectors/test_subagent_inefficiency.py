"""subagent_inefficiency: twins, and answers that nothing refers to."""

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.subagent_inefficiency import DETECTOR
from tests.analysis.detectors.scripts import Script

TASK = "Find where the cart total is computed and list each caller"
ANSWER = "src/cart/total.py defines compute_total; callers: checkout.py, invoice.py, src/mail/receipt.py, parse_tax"


def task(script: Script, text: str = TASK, answer: str = "Nothing.", **options) -> Script:
    return script.call("Task", {"prompt": text}, answer, **options)


def test_two_subagents_with_the_same_task_are_twins():
    script = task(task(Script().prompt("x")), TASK + " again please").say("ok")
    (finding,) = run(DETECTOR, script.frames()).itertuples()
    assert len(finding.event_ids) == 2
    assert finding.severity == "medium"


def test_one_template_for_several_things_is_no_twin():
    script = task(task(Script().prompt("x")), TASK.replace("cart", "invoice")).say("ok")
    assert run(DETECTOR, script.frames()).empty


def test_a_retry_of_a_failed_subagent_is_no_twin():
    assert run(DETECTOR, task(task(Script().prompt("x"), status="error")).say("ok").frames()).empty


def used_by(text: str) -> Script:
    return task(Script().prompt("x"), answer=ANSWER).say("Let me look.").say(text).say("That is all.")


def test_an_answer_that_nothing_refers_to_is_unused():
    (finding,) = run(DETECTOR, used_by("I rewrite the readme.").frames()).itertuples()
    assert (finding.severity, finding.confidence) == ("low", 0.5)


def test_one_word_of_it_is_a_use():
    assert run(DETECTOR, used_by("I edit invoice.py.").frames()).empty


def test_where_the_session_ends_after_it_nobody_can_say():
    assert run(DETECTOR, task(Script().prompt("x"), answer=ANSWER).say("Done.").frames()).empty


def test_an_answer_without_telling_words_can_not_be_judged():
    script = task(Script().prompt("x"), answer="All is well.").say("a").say("b").say("c")
    assert run(DETECTOR, script.frames()).empty


def test_the_similarity_is_a_parameter():
    script = task(task(Script().prompt("x")), TASK + " with their tests and docs and owners").say("ok")
    assert run(DETECTOR, script.frames()).empty
    assert len(run(DETECTOR, script.frames(), similarity=0.5)) == 1
