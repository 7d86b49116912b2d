"""reread_thrash: the same file and range read again for nothing."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.reread_thrash import DETECTOR
from tests.analysis.detectors.scripts import Script


def twice(between: Script | None = None) -> Script:
    return (between or Script().read("src/a.py", "x" * 400)).read("src/a.py", "x" * 400)


def first() -> Script:
    return Script().read("src/a.py", "x" * 400)


def test_the_second_read_was_in_vain_and_its_tokens_are_said():
    (finding,) = run(DETECTOR, twice().frames()).itertuples()
    assert finding.wasted_event_ids == finding.event_ids[1:]
    assert "about 100 tokens again" in finding.explanation


@pytest.mark.parametrize(
    "between",
    [
        first().edit("src/a.py"),
        first().compaction(),
        first().prompt("look again"),
        first().bash("sed -i s/x/y/ src/a.py"),
        first().bash("git checkout .", kind="rollback_performed"),
    ],
    ids=["an edit", "a compaction", "a prompt", "a command that names it", "a rollback"],
)
def test_what_may_have_changed_it_is_a_reason_to_read_again(between):
    assert run(DETECTOR, twice(between).frames()).empty


@pytest.mark.parametrize(
    "between",
    [first().edit("src/b.py"), first().bash("ls"), first().say("hm"), first().edit("src/a.py", status="error")],
    ids=["another file", "another command", "an answer", "a failed edit"],
)
def test_what_cannot_have_changed_it_is_none(between):
    assert len(run(DETECTOR, twice(between).frames())) == 1


def test_another_range_or_another_content_is_another_read():
    assert run(DETECTOR, Script().read("a.py", offset=1, limit=5).read("a.py", offset=6, limit=5).frames()).empty
    assert run(DETECTOR, Script().read("a.py", "one").read("a.py", "two").frames()).empty
    assert run(DETECTOR, Script().call("Read", {"file_path": "a.py"}, "no", status="error").read("a.py").frames()).empty


def test_a_subagent_has_a_context_of_its_own():
    made = first().call("Read", {"file_path": "src/a.py"}, "x" * 400, thread="t1")
    assert run(DETECTOR, made.frames()).empty
