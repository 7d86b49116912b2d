"""rollback: work that is taken back, and what only looks like it."""

import pytest

from agentobs.analysis.detectors import run
from agentobs.analysis.detectors.rollback import DETECTOR
from tests.analysis.detectors.scripts import Script


def worked() -> Script:
    return Script().prompt("x").edit("src/cart.py").edit("src/tax.py", "c", "d")


@pytest.mark.parametrize(
    ("line", "undone"),
    [
        ("git checkout -- src/cart.py", 1),
        ("git checkout src/cart.py", 1),
        ("git checkout HEAD~1 src/cart.py src/tax.py", 2),
        ("git checkout .", 2),
        ("git restore src/tax.py", 1),
        ("cd src && git reset --hard", 2),
        ("git reset HEAD~1", 0),
        ("git revert --no-edit HEAD", 0),
        ("git stash", 2),
        ('bash -c "git restore ."', 2),
        ("git restore docs/other.md", 0),
    ],
)
def test_git_takes_back_the_edits_it_names(line, undone):
    (finding,) = run(DETECTOR, worked().bash(line).frames()).itertuples()
    assert len(finding.event_ids) == undone + 1
    assert len(finding.wasted_event_ids) == undone
    assert finding.severity == ("medium" if undone else "low")


@pytest.mark.parametrize(
    "line",
    ["git checkout main", "git checkout -b fix", "git checkout origin/main", "git restore --staged src/cart.py",
     "git reset HEAD src/cart.py",
     "echo 'git reset --hard'", 'git commit -m "git revert is bad"', "git revert --abort", "git log"],
)  # fmt: skip
def test_moving_about_and_unstaging_take_nothing_back(line):
    assert run(DETECTOR, worked().bash(line).frames()).empty


def test_a_stash_that_is_popped_takes_nothing_back():
    assert run(DETECTOR, worked().bash("git stash").test().bash("git stash pop").frames()).empty


def test_a_rollback_that_failed_is_none():
    assert run(DETECTOR, worked().bash("git restore .", "fatal", ok=False).frames()).empty


def test_committed_edits_are_not_undone_by_a_restore():
    script = worked().bash("git commit -am x", kind="commit_created").bash("git restore .")
    (finding,) = run(DETECTOR, script.frames()).itertuples()
    assert finding.wasted_event_ids == []


def test_an_inverse_edit_takes_back_and_both_edits_were_in_vain():
    script = Script().prompt("x").edit("a.py", "old", "new").edit("b.py", "x", "y").edit("a.py", "new", "old")
    (finding,) = run(DETECTOR, script.frames()).itertuples()
    assert len(finding.wasted_event_ids) == 2
    assert run(DETECTOR, script.frames(), inverse_edits=False).empty


@pytest.mark.parametrize(
    ("file", "old", "new"), [("b.py", "new", "old"), ("a.py", "new", "other"), ("a.py", "old", "new")]
)
def test_an_edit_of_another_file_or_to_another_text_is_no_inverse(file, old, new):
    assert run(DETECTOR, Script().edit("a.py", "old", "new").edit(file, old, new).frames()).empty


def test_an_editors_undo_takes_back_the_last_edit_of_its_file():
    script = worked().call("str_replace_editor", {"command": "undo_edit", "path": "src/tax.py"}, file="src/tax.py")
    (finding,) = run(DETECTOR, script.frames()).itertuples()
    assert len(finding.wasted_event_ids) == 1
