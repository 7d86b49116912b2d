"""Good sessions without any pattern: in them every finding is a false alarm."""

from __future__ import annotations

from typing import Any


def _fix(s: Any) -> None:
    s.open()
    s.close()


def _test_first(s: Any) -> None:
    """A test that fails first, then the change, then all tests."""
    s.open()
    s.read(s.world.test_file)
    first = s.sources[s.world.test_file].splitlines()[0]
    s.edit(s.world.test_file, first, f"{first}\n")
    s.say("The new test should fail for now.")
    s.red()
    s.close()


def _search_then_fix(s: Any) -> None:
    s.open()
    path = s.fresh()
    s.say("Who else uses this?")
    s.grep("return|size", path)
    s.read(path)
    s.close()


def _question(s: Any) -> None:
    s.prompt(f"How does {s.main} decide which entries are returned? Name the lines, change nothing.")
    s.read(s.main)
    if s.chance(0.5):
        s.look()
    s.say(f"{s.main} filters by the flag first and cuts at the limit afterwards, in the last lines of the file.")
    s.done()


def _two_tasks(s: Any) -> None:
    s.open()
    s.close()
    path = s.fresh()
    s.prompt(
        f"Thanks! Now please log the steps of {path} as well; `{s.world.test}` must pass again.",
        after=s.rng.randint(20, 200),
    )
    s.read(path)
    s.change(path)
    s.green()
    s.say(f"{path} logs its steps now, and `{s.world.test}` passes.")
    s.done()


def _planned(s: Any) -> None:
    """A longer task with a list, whose things are done one after the other."""
    s.open()
    steps = (f"Change {s.main}", f"Change {s.spare}", "Run all tests")
    s.todo((steps[0], "in_progress"), (steps[1], "pending"), (steps[2], "pending"))
    s.read(s.spare)
    s.change(s.main)
    s.todo((steps[0], "completed"), (steps[1], "in_progress"), (steps[2], "pending"))
    s.change(s.spare)
    s.todo((steps[0], "completed"), (steps[1], "completed"), (steps[2], "in_progress"))
    s.green()
    s.todo(*((step, "completed") for step in steps))
    s.farewell()


def _one_setback(s: Any) -> None:
    """One failing run on the way, repaired by the next edit."""
    s.open()
    s.read(s.spare)
    s.change(s.main)
    s.red()
    s.think("The neighbour needs the same change.")
    s.change(s.spare)
    s.green()
    s.farewell()


def _new_module(s: Any) -> None:
    s.open()
    new = s.spare.replace(".", "_rules.", 1)
    s.prompt(f"Put the rules of {s.spare} into {new}; `{s.world.test}` and `{s.world.build}` must pass.", after=30)
    s.read(s.spare)
    s.write(new, s.sources[s.spare])
    s.change(s.spare)
    s.green()
    s.bash(s.world.build, s.world.built or "ok", seconds=s.seconds(1, 5))
    s.say(f"The rules are in {new}; tests and build pass.")
    s.done()


def _commit(s: Any, subject: str) -> None:
    s.bash(f'git commit -am "{subject}"', f"[main {s.rng.getrandbits(28):07x}] {subject}\n 1 file changed")


def _long_day(s: Any) -> None:
    """Several tasks after each other: each read, changed, checked and committed."""
    s.open()
    s.close()
    for at in range(4):
        path = s.fresh()
        wish = ("log each step", "name the id in its message", "stop after the first match", "accept empty input")[at]
        s.prompt(f"Good, next: {path} should {wish}. `{s.world.test}` has to pass.", after=s.rng.randint(30, 240))
        if at % 2:
            s.say("First where it is used.")
            s.grep("return|size|found", path)
        s.read(path)
        s.think("One line is enough here.")
        s.change(path)
        if at == 2:
            s.red()
            s.say("The check has to come before the loop.")
            s.change(path)
        s.green()
        _commit(s, f"Let it {wish}")
        s.say(f"{path} does that now; the tests pass and it is committed.")
        s.done()


def _side_by_side(s: Any) -> None:
    """Independent reads in one response, and the tests of what was changed."""
    s.prompt(s.task())
    s.say("I read both, and what they use, at once.")
    with s.parallel():
        s.read(s.main)
        s.read(s.spare)
        s.read(s.fresh())
    s.change(s.main)
    s.change(s.spare)
    s.green()
    s.farewell()


def _with_a_scout(s: Any) -> None:
    """A subagent looks for the callers; what it found is read and used."""
    path = s.fresh()
    s.open()
    with s.subagent("Find callers", f"Which module calls {s.main}? Report its path. Do not edit.", s.model) as agent:
        agent.grep("return|size|found", path)
        agent.read(path)
        agent.say(f"Only {path} calls it, in its last function.")
        agent.done()
    s.say(f"Only {path} calls it; let me see how.")
    s.read(path)
    s.close()


def _compacted_between_tasks(s: Any) -> None:
    s.open()
    s.solve()
    _commit(s, "Apply the limit once")
    s.farewell()
    s.compact(f"{s.main} and {s.spare} were changed, tested and committed; nothing is open.", trigger="manual")
    path = s.fresh()
    s.prompt(f"Now {path}: name the id in its message; `{s.world.test}` must pass.", after=40)
    s.read(path)
    s.change(path)
    s.green()
    s.say(f"{path} names the id; `{s.world.test}` passes.")
    s.done()


PLAIN = (
    *(_fix, _test_first, _search_then_fix, _question, _two_tasks, _planned, _one_setback, _new_module),
    *(_long_day, _side_by_side, _with_a_scout, _compacted_between_tasks),
)
CLAUDES = {_side_by_side, _with_a_scout}
COUNT = 72
