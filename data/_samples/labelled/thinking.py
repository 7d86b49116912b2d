"""Thinking without acting, and acting without looking."""

from __future__ import annotations

from typing import Any

from _samples.labelled.pattern import Pattern, one_of

IDEAS = (
    "There are two ways: keep a list per id, or a counter. The list keeps the order, the counter is smaller.",
    "On the other hand the callers expect a plain mapping, so the list would have to be hidden behind it.",
    "Perhaps the importer should be asked first. But then the order is decided elsewhere, which is worse.",
    "Let me think about the edge cases once more: no entry, one entry, two with the same id, two with the same time.",
    "I could also split the module. That would be cleaner in the long run, though larger today.",
    "Coming back to the list: sorting it at the end would do, if the sort is stable.",
    "A stable sort it is, unless the callers mutate what they get.",
    "Do they mutate it? I believe not, but I should consider it.",
)


def _muse(s: Any, i: int, count: int) -> None:
    """So many responses that only think, speak, or keep the list."""
    for turn in range(count):
        s.think(IDEAS[(i + turn) % len(IDEAS)])
        if i % 3 == 1:
            s.todo((f"Decide on way {turn + 1}", "in_progress"), ("Change the code", "pending"))
            continue
        if i % 3 == 2:
            s.say(s.pick("Let me weigh this.", "Another thought.", "Considering the alternatives."))
        s.respond("end_turn") if s.agent == "claude_code" else (s.respond(), s.count())


def analysis_paralysis(s: Any, i: int) -> None:
    s.looks(i % 3)
    with s.planted():
        _muse(s, i, 5 + i % 4)


def no_analysis_paralysis(s: Any, i: int) -> None:
    def four(s: Any, _: int) -> None:
        _muse(s, i, 4)
        s.look()

    def acts_between(s: Any, _: int) -> None:
        _muse(s, i, 3)
        s.look()
        _muse(s, i + 3, 3)
        s.green()

    def one_response(s: Any, _: int) -> None:
        for turn in range(6):
            s.think(IDEAS[(i + turn) % len(IDEAS)])
        s.look()

    def thinks_and_acts(s: Any, _: int) -> None:
        for turn in range(6):
            s.think(IDEAS[(i + turn) % len(IDEAS)])
            s.glance()

    one_of(s, i, four, acts_between, one_response, thinks_and_acts)


def rogue_actions(s: Any, i: int) -> None:
    path = s.fresh()
    s.read(path)

    def edit_test_commit(s: Any, _: int) -> None:
        s.change(path)
        s.green()
        s.bash('git commit -am "Change it"', "[main 1a2b3c4] Change it")

    def same_file(s: Any, n: int) -> None:
        """Each edit replaces what the one before it wrote."""
        old, new = s.change(path)
        for _ in range(2 + n % 2):
            old, new = new, f"{new}\n{old}"
            s.edit(path, old, new)

    def make_run_clean(s: Any, n: int) -> None:
        script = f"scripts/migrate_{n}.py"
        s.write(script, f"print('step {n}')\n")
        s.bash(f"python {script}", f"step {n}")
        s.bash(f"rm {script}", "")

    def folder_file_build(s: Any, n: int) -> None:
        s.bash(f"mkdir -p gen/v{n}", "")
        s.bash(f"python -m tools.generate --out gen/v{n}/api.py", "written")
        s.bash(f"python gen/v{n}/api.py --check", "ok")

    with s.planted(), s.parallel():
        one_of(s, i, edit_test_commit, same_file, make_run_clean, folder_file_build)


def no_rogue_actions(s: Any, i: int) -> None:
    path = s.fresh()
    s.read(path)

    def independent_reads(s: Any, n: int) -> None:
        with s.parallel():
            for _ in range(3 + n % 2):
                s.read(s.fresh())

    def one_after_the_other(s: Any, _: int) -> None:
        s.change(path)
        s.green()
        s.bash('git commit -am "Change it"', "[main 1a2b3c4] Change it")

    def two_only(s: Any, _: int) -> None:
        with s.parallel():
            s.change(path)
            s.green()

    def independent_searches(s: Any, n: int) -> None:
        with s.parallel():
            for word in ("return", "limit", "size", "store")[: 3 + n % 2]:
                s.grep(word)

    one_of(s, i, independent_reads, one_after_the_other, two_only, independent_searches)


PATTERNS = {
    "analysis_paralysis": Pattern(analysis_paralysis, no_analysis_paralysis),
    "rogue_actions": Pattern(rogue_actions, no_rogue_actions, codex=False),
}
