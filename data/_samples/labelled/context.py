"""The context of a session: how full it is, what a compaction does to it, what its cache is for."""

from __future__ import annotations

from typing import Any

from _samples.labelled.ending import STEPS
from _samples.labelled.pattern import Pattern, one_of

WINDOWS = {"claude_code": 200_000, "codex": 258_400}
SUMMARY = "The user wants both modules changed and all tests green. So far: the code was read, the reason is known."


def _fill(s: Any, share: float) -> None:
    """Let the context grow to this share of the window, in a few steps."""
    goal = int(WINDOWS[s.agent] * share)
    for part in (0.4, 0.7, 0.9, 1.0):
        missing = int(goal * part) - s.context - getattr(s, "unsent", 0)
        if missing > 0:
            s.weigh(missing)
        s.glance()


def context_pressure(s: Any, i: int) -> None:
    with s.planted():
        _fill(s, 0.912 + 0.002 * (i % 12))  # the rest of the session still fits


def no_context_pressure(s: Any, i: int) -> None:
    def nearly(s: Any, n: int) -> None:
        _fill(s, 0.80 + 0.015 * (n % 4))

    def compacted_in_time(s: Any, _: int) -> None:
        _fill(s, 0.84)
        s.compact(SUMMARY)
        _fill(s, 0.5)

    def large_in_sum(s: Any, _: int) -> None:
        _fill(s, 0.4)
        for _turn in range(6):
            s.glance()

    one_of(s, i, nearly, compacted_in_time, large_in_sum)


def _todo(s: Any, *states: str) -> None:
    s.todo(*zip(STEPS, states, strict=True))


def mid_task_compaction(s: Any, i: int) -> None:
    def open_todo(s: Any, n: int) -> None:
        _todo(s, "completed", "in_progress", "pending", "pending")
        s.looks(n % 3)

    def unvalidated(s: Any, n: int) -> None:
        s.change(s.main)
        s.looks(n % 3)

    def failed_check(s: Any, _: int) -> None:
        s.change(s.main)
        s.red()

    def both(s: Any, _: int) -> None:
        _todo(s, "completed", "completed", "in_progress", "pending")
        s.change(s.main)

    one_of(s, i, open_todo, unvalidated, failed_check, both)
    with s.planted():
        s.compact(SUMMARY, trigger=("auto", "manual")[i % 2])
    s.read(s.main)


def no_mid_task_compaction(s: Any, i: int) -> None:
    def validated(s: Any, n: int) -> None:
        s.change(s.main)
        s.green()
        s.looks(n % 3)

    def all_done(s: Any, _: int) -> None:
        _todo(s, "completed", "in_progress", "pending", "pending")
        s.change(s.main)
        s.green()
        _todo(s, *["completed"] * 4)

    def nothing_begun(s: Any, n: int) -> None:
        s.looks(1 + n % 3)

    def no_compaction(s: Any, _: int) -> None:
        _todo(s, "completed", "in_progress", "pending", "pending")
        s.change(s.main)
        s.looks(2)
        s.green()

    at = i % 4
    one_of(s, i, validated, all_done, nothing_begun, no_compaction)
    if at != 3:
        s.compact(SUMMARY, trigger=("auto", "manual")[i % 2])
    s.read(s.main)


def postcompact_reread(s: Any, i: int) -> None:
    files = [s.fresh() for _ in range(1 + i % 3)]
    for path in files:
        s.read(path)
    s.looks(i % 2)
    with s.planted():
        s.compact(SUMMARY)
        for _ in range(i % 4):
            s.glance()
        for path in files:
            s.read(path)


def no_postcompact_reread(s: Any, i: int) -> None:
    path = s.fresh()

    def others(s: Any, n: int) -> None:
        s.read(path)
        s.compact(SUMMARY)
        s.looks(1 + n % 3)

    def much_later(s: Any, _: int) -> None:
        s.read(path)
        s.compact(SUMMARY)
        for _step in range(13):
            s.glance()
        s.read(path)

    def first_read(s: Any, _: int) -> None:
        s.compact(SUMMARY)
        s.read(path)

    def no_compaction(s: Any, _: int) -> None:
        s.read(path)
        s.look()
        s.read(path)

    one_of(s, i, others, much_later, first_read, no_compaction)


def cache_waste(s: Any, i: int) -> None:
    hour = i % 4 == 3
    s.cache_minutes = 60 if hour else 5
    for _ in range(3 + i % 3):
        s.glance()
    s.weigh(20_000 + 5_000 * (i % 6))
    s.glance()
    with s.planted():
        s.clock.wait(s.rng.randint(3_700, 9_000) if hour else s.rng.randint(330, 3_000))
        if i % 3 == 0:
            s.say(f"I understand {s.main}. The check comes too late.")
            s.done()
            s.prompt(f"Good. Change the check in {s.main}; `{s.world.test}` has to pass.", after=8)
        s.look()


def no_cache_waste(s: Any, i: int) -> None:
    def soon_enough(s: Any, _: int) -> None:
        s.weigh(30_000)
        s.glance()
        s.clock.wait(s.rng.randint(120, 270))
        s.look()

    def an_hour_long(s: Any, _: int) -> None:
        s.cache_minutes = 60
        s.weigh(30_000)
        s.glance()
        s.clock.wait(s.rng.randint(400, 3_000))
        s.look()

    def steady(s: Any, n: int) -> None:
        for _ in range(8 + n):
            s.glance()
            s.clock.wait(s.rng.randint(10, 120))

    one_of(s, i, soon_enough, an_hour_long, steady)


PATTERNS = {
    "context_pressure": Pattern(context_pressure, no_context_pressure),
    "mid_task_compaction": Pattern(mid_task_compaction, no_mid_task_compaction),
    "postcompact_reread": Pattern(postcompact_reread, no_postcompact_reread),
    "cache_waste": Pattern(cache_waste, no_cache_waste, codex=False),
}
