"""What happens in a labelled session, whatever the agent: the acts that patterns and the noise around them share."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from _samples.labelled.worlds import World
from _samples.log import Clock, Json

if TYPE_CHECKING:
    Words = tuple[str, ...]

TASKS = (
    "{main} drops entries when two of them share an id. Fix it there and in {spare}; `{test}` must pass at the end.",
    "The limits in {main} and {spare} are applied twice. Apply them once, and run `{test}` until everything is green.",
    "Please make {main} and {spare} log each step, without changing what they return. Done when `{test}` passes.",
    "Opening an unknown id in {main} should give a clear message, in {spare} too. Acceptance: `{test}` is green.",
    "Refactor {main}: the loop is hard to follow. Same for {spare}. All tests (`{test}`) have to stay green.",
)
FOUND = ("I see where this happens.", "This is the place.", "Clear: one branch is missing.", "That explains it.")
THOUGHTS = (
    "Read the whole thing first, then decide on the smallest change.",
    "Two callers depend on this; the signature has to stay.",
    "The order of these lines matters, so the new one goes after the check.",
    "No need to touch the other modules for this.",
)


class Acts:
    """Acts on top of what a writer of some agent's files can do: prompt, say, think, read, edit, bash, ..."""

    rng: random.Random
    world: World
    sources: dict[str, str]
    records: list[Json]
    clock: Clock
    if TYPE_CHECKING:

        def prompt(self, text: str, *, after: float = 0) -> None: ...
        def say(self, text: str) -> None: ...
        def think(self, text: str) -> None: ...
        def done(self) -> None: ...
        def read(self, path: str) -> None: ...
        def read_part(self, path: str, first: int, count: int) -> None: ...
        def edit(self, path: str, old: str, new: str) -> None: ...
        def write(self, path: str, text: str) -> None: ...
        def bash(self, command: str, stdout: str = "", **more: Any) -> None: ...
        def grep(self, pattern: str, path: str = "") -> None: ...
        def todo(self, *items: tuple[str, str]) -> None: ...

    def prepare(self, world: World, rng: random.Random) -> None:
        """Choose the files of this scene: those of the task, and those that nobody has seen yet."""
        self.world, self.rng = world, rng
        code = list(world.code)
        rng.shuffle(code)
        self.main, self.spare, *self.unseen = code
        self.numbers = iter(range(rng.randint(11, 60), 10_000))
        self.evidence: list[Json] = []
        self.ended = False

    @contextmanager
    def planted(self) -> Iterator[None]:
        """What is recorded inside is the pattern's evidence."""
        start = len(self.records)
        yield
        self.evidence += self.records[start:]

    # -- acts

    def fresh(self) -> str:
        """A file of code that nobody has read, searched or changed yet."""
        return self.unseen.pop()

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, *choices: Any) -> Any:
        return self.rng.choice(choices)

    def seconds(self, low: float = 0.2, high: float = 4) -> float:
        return round(self.rng.uniform(low, high), 2)

    def spot(self, path: str) -> str:
        """A line of the file that stands there once, and behind which another one fits."""
        lines = self.sources[path].splitlines()
        fits = [
            line
            for line in lines
            if line.startswith((" ", "\t")) and len(line) > 10 and self.sources[path].count(line) == 1
        ]
        return self.rng.choice([line for line in fits if not line.rstrip().endswith((",", "("))] or fits or lines[:1])

    def change(self, path: str) -> tuple[str, str]:
        """A small edit that never repeats; what was replaced, and by what."""
        line = self.spot(path)
        indent = line[: len(line) - len(line.lstrip())]
        more = indent + self.world.statement.format(number=next(self.numbers))
        self.edit(path, line, f"{line}\n{more}")
        return line, f"{line}\n{more}"

    def green(self, command: str = "") -> None:
        """All tests pass."""
        passed = self.rng.randint(12, 60)
        self.bash(command or self.world.test, self.world.tested(passed), seconds=self.seconds(1, 6))

    def red(self, *failing: str, command: str = "") -> None:
        """These tests fail."""
        said = self.world.tested(self.rng.randint(12, 40), *(failing or self.world.suites[:1]))
        self.bash(command or self.world.test, said, exit_code=1, seconds=self.seconds(1, 6))

    def look(self) -> None:
        """Read a file that was not read yet; now and then with a word before it."""
        if self.chance(0.4):
            self.say(self.pick("Let me look at what it uses.", "One more file belongs to this.", "Now its neighbour."))
        self.read(self.fresh())

    def looks(self, count: int) -> None:
        for _ in range(count):
            self.look()

    def glance(self) -> None:
        """A harmless command that never repeats and changes nothing."""
        number = next(self.numbers)
        self.bash(
            *self.pick(
                (f"git log --oneline -n {number}", f"{number:07x} Smaller steps\n{number + 7:07x} Names say it"),
                (f"wc -l {self.main} # {number}", f"{number} {self.main}"),
                (f"du -sk . --max-depth={number}", f"{number * 12}\t."),
            ),
            seconds=self.seconds(0.1, 0.6),
        )

    def task(self) -> str:
        form = self.pick(*TASKS)
        return form.format(main=self.main, spare=self.spare, test=self.world.test)

    def open(self) -> None:
        """The task, and a first look."""
        self.prompt(self.task())
        if self.chance(0.6):
            self.think(self.pick(*THOUGHTS))
        self.say(self.pick("I'll start with the code itself.", "Let me look at it.", "First I read what is there."))
        self.read(self.main)
        if self.chance(0.5):
            self.think(self.pick(*THOUGHTS))
        if self.chance(0.5):
            self.glance()

    def solve(self) -> None:
        """The change that was asked for, checked."""
        self.read(self.spare)
        self.say(self.pick(*FOUND))
        self.change(self.main)
        if self.chance(0.5):
            self.think(self.pick(*THOUGHTS))
        self.change(self.spare)
        self.green()

    def close(self) -> None:
        """The change, its check, and the last word."""
        self.solve()
        if self.chance(0.4):
            subject = self.pick("Name the case", "Handle it once", "Say which id is unknown")
            self.bash(
                f'git commit -am "{subject}"', f"[main {self.rng.getrandbits(28):07x}] {subject}\n 2 files changed"
            )
        self.farewell()

    def farewell(self) -> None:
        self.say(f"{self.main} and {self.spare} are changed as asked, and `{self.world.test}` passes.")
        self.done()
        self.ended = True
