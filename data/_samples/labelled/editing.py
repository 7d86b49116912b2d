"""Edits: blind, churning, going in circles, outside the task, against the tests."""

from __future__ import annotations

from typing import Any

from _samples.labelled.pattern import Pattern, one_of


def _cycle(s: Any, path: str, failing: int, start: int = 0) -> None:
    """An edit and a test run in which so many tests fail."""
    if s.chance(0.4):
        s.say(s.pick("That should do.", "Another way, then.", "It must be this line."))
    s.change(path)
    s.red(*s.world.suites[start : start + failing])


def edit_test_fail_loop(s: Any, i: int) -> None:
    failing = 1 + i % 2
    with s.planted():
        for turn in range(3 + i % 3):
            more = i % 4 == 3 and turn == 2  # the failing set even grows
            _cycle(s, s.main, failing + more)
            if i % 3 == 1:
                s.look()
    if i % 2:
        s.change(s.main)
        s.green()


def no_edit_test_fail_loop(s: Any, i: int) -> None:
    def two(s: Any, _: int) -> None:
        for _turn in range(2):
            _cycle(s, s.main, 1)
        s.change(s.main)
        s.green()

    def shrinking(s: Any, _: int) -> None:
        for failing in (3, 2, 1):
            _cycle(s, s.main, failing)
        s.change(s.main)
        s.green()

    def green_between(s: Any, _: int) -> None:
        for failing in (1, 0, 1, 0, 1):
            s.change(s.main)
            s.red(*s.world.suites[:failing]) if failing else s.green()

    def no_edits(s: Any, _: int) -> None:
        for turn in range(3):
            s.red(s.world.suites[0], command=f"{s.world.test} {('', '-v', '-x')[turn]}".strip())
            s.look()

    one_of(s, i, two, shrinking, green_between, no_edits)


def edit_churn(s: Any, i: int) -> None:
    path = s.fresh()
    s.read(path)
    with s.planted():
        for turn in range(3 + i % 3):
            s.change(path)
            if i % 3 == 1 and turn < 2:
                s.look()
            if i % 3 == 2 and turn == 0:
                s.red()


def no_edit_churn(s: Any, i: int) -> None:
    path = s.fresh()
    s.read(path)

    def two(s: Any, n: int) -> None:
        s.change(path)
        s.looks(n % 2)
        s.change(path)
        s.green()

    def three_files(s: Any, _: int) -> None:
        other, third = s.fresh(), s.fresh()
        s.read(other)
        s.read(third)
        for name in (path, other, third):
            s.change(name)

    def far_apart(s: Any, _: int) -> None:
        for turn in range(3):
            s.change(path)
            for _step in range(9 if turn < 2 else 0):
                s.glance()

    def one_failed(s: Any, _: int) -> None:
        s.change(path)
        if hasattr(s, "fail"):
            arguments = {"file_path": s.full(path), "old_string": "no such line", "new_string": "a line"}
            s.fail("Edit", arguments, "String to replace not found in file.\nString: no such line")
        s.change(path)

    one_of(s, i, two, three_files, far_apart, one_failed)


def edit_oscillation(s: Any, i: int) -> None:
    path = s.fresh()
    s.read(path)
    original = s.sources[path]
    with s.planted():
        old, new = s.change(path)
        if i % 3 == 1:
            s.look()
            s.red()
        if i % 4 == 3 and s.agent == "claude_code":
            if i % 8 == 3:
                s.write(path, original)
            s.write(path, original.upper())
            s.write(path, original)
        else:
            s.edit(path, new, old)
        if i % 4 == 2:
            s.edit(path, old, new)
            s.edit(path, new, old)
    if i % 2:
        s.change(path)


def no_edit_oscillation(s: Any, i: int) -> None:
    path, other = s.fresh(), s.fresh()
    s.read(path)

    def onwards(s: Any, _: int) -> None:
        _, new = s.change(path)
        s.edit(path, new, new.replace("step", "stage") + " ")
        s.green()

    def other_file(s: Any, _: int) -> None:
        s.read(other)
        line = s.spot(path)
        s.edit(path, line, f"{line}  // kept")
        first = s.spot(other)
        s.edit(other, first, f"{first}  // kept")

    def other_state(s: Any, _: int) -> None:
        old, new = s.change(path)
        s.change(path)
        if new in s.sources[path]:
            s.edit(path, new, old)
        s.green()

    def failed_return(s: Any, _: int) -> None:
        old, new = s.change(path)
        if hasattr(s, "fail"):
            arguments = {"file_path": s.full(path), "old_string": new, "new_string": old}
            s.fail("Edit", arguments, "File has not been read yet. Read it first before writing to it.")
        else:
            s.look()

    one_of(s, i, onwards, other_file, other_state, failed_return)


def _outside(s: Any) -> str:
    """A file that a scene of this world never reads by itself, with a line that can be edited."""
    return s.fresh()


def blind_edit(s: Any, i: int) -> None:
    path = _outside(s)

    def never_read(s: Any, _: int) -> None:
        s.change(path)

    def read_afterwards(s: Any, _: int) -> None:
        s.change(path)
        s.read(path)

    def only_listed(s: Any, _: int) -> None:
        s.bash(f"ls {path.rsplit('/', 1)[0]}", "\n".join(sorted(name.rsplit("/", 1)[1] for name in s.world.code)))
        s.change(path)

    def before_the_compaction(s: Any, _: int) -> None:
        s.read(path)
        s.compact("The task is under way; nothing was changed so far. Next: the change itself.")
        s.change(path)

    def overwritten(s: Any, _: int) -> None:
        if s.agent == "codex":  # whose patches never say that they replace a whole file
            s.change(path)
            return
        s.write(path, s.sources[path].replace("return", "return  ", 1) + "\n")

    with s.planted():
        one_of(s, i, never_read, read_afterwards, only_listed, before_the_compaction, overwritten)


def no_blind_edit(s: Any, i: int) -> None:
    path = _outside(s)

    def read_before(s: Any, n: int) -> None:
        s.read(path)
        s.looks(2 * n)
        s.change(path)

    def by_shell(s: Any, n: int) -> None:
        s.bash(f"{('cat', 'sed -n 1,80p', 'head -80')[n % 3]} {path}", s.sources[path])
        s.change(path)

    def created_here(s: Any, _: int) -> None:
        new = path.replace(".", "_new.", 1)
        s.write(new, s.sources[path])
        s.change(new)

    def read_again_after_the_compaction(s: Any, _: int) -> None:
        s.compact("The task is under way; nothing was changed so far. Next: the change itself.")
        s.read(path)
        s.read(s.main)
        s.change(path)

    def in_parts(s: Any, _: int) -> None:
        s.read_part(path, 1, 40)
        s.change(path)

    one_of(s, i, read_before, by_shell, created_here, read_again_after_the_compaction, in_parts)


FAR = (("frontend/widgets/panel.css", ".panel { color: red; }\n"), ("infra/queue.tf", 'resource "queue" "main" {}\n'),
       ("billing/vat.sql", "SELECT 19;\n"), ("mobile/App.swift", "struct App {}\n"))  # fmt: skip


def scope_drift(s: Any, i: int) -> None:
    for name, text in FAR:
        s.sources[name] = text
    s.prompt(f"Only {s.main} drops an entry when two share an id. Fix it there; `{s.world.test}` must pass.")
    s.read(s.main)
    for _ in range(5 + i % 2):  # however many are the first edits, these are all in the module that was named
        s.change(s.main)
        s.green()
    with s.planted():
        for name, text in s.rng.sample(FAR, 2 + i % 3):
            s.say(s.pick("While I am here, this could be nicer too.", "I also noticed this one."))
            s.read(name)
            s.edit(name, text.rstrip(), f"{text.rstrip()} # {next(s.numbers)}")
    s.green()
    s.say(f"{s.main} keeps both entries now; `{s.world.test}` passes.")
    s.done()


def no_scope_drift(s: Any, i: int) -> None:
    for name, text in FAR:
        s.sources[name] = text
    far, text = FAR[i % len(FAR)]

    def all_named(s: Any, _: int) -> None:
        s.prompt(f"Change the limit in {s.main} and the same one in {far}; `{s.world.test}` must pass.")
        s.read(s.main)
        s.change(s.main)
        s.read(far)
        s.edit(far, text.rstrip(), f"{text.rstrip()} # 4")

    def its_test(s: Any, _: int) -> None:
        s.prompt(f"{s.main} drops an entry when two share an id. Fix it, with a test; `{s.world.test}` must pass.")
        s.read(s.main)
        s.change(s.main)
        s.read(s.world.test_file)
        line = s.sources[s.world.test_file].splitlines()[0]
        s.edit(s.world.test_file, line, f"{line}\n")

    def asked_later(s: Any, _: int) -> None:
        s.prompt(f"{s.main} drops an entry when two share an id. Fix it; `{s.world.test}` must pass.")
        s.read(s.main)
        s.change(s.main)
        s.green()
        s.say(f"{s.main} keeps both entries now.")
        s.done()
        s.prompt(f"Thanks. Now please raise the limit in {far} as well, to 40; `{s.world.test}` stays green.", after=60)
        s.read(far)
        s.edit(far, text.rstrip(), f"{text.rstrip()} # 40")

    def only_read(s: Any, _: int) -> None:
        s.prompt(f"{s.main} drops an entry when two share an id. Fix it; `{s.world.test}` must pass.")
        s.read(s.main)
        s.read(far)
        s.change(s.main)

    one_of(s, i, all_named, its_test, asked_later, only_read)
    s.green()
    s.say(f"{s.main} is changed as asked; `{s.world.test}` passes.")
    s.done()


PATTERNS = {
    "edit_test_fail_loop": Pattern(edit_test_fail_loop, no_edit_test_fail_loop),
    "edit_churn": Pattern(edit_churn, no_edit_churn),
    "edit_oscillation": Pattern(edit_oscillation, no_edit_oscillation),
    "blind_edit": Pattern(blind_edit, no_blind_edit),
    "scope_drift": Pattern(scope_drift, no_scope_drift, opens=False, closes=False),
}
