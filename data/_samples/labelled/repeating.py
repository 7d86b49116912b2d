"""The same again: calls, cycles, errors, reads, searches."""

from __future__ import annotations

from typing import Any

from _samples.labelled.pattern import Pattern, one_of

COMMANDS = (
    ("git status --short", " M {main}"),
    ("curl -s localhost:8080/health", '{{"status": "starting"}}'),
    ("docker compose ps", "NAME   STATUS\ndb     restarting"),
    ("ls -la dist", "total 0"),
    ("make lint", "checked 14 files"),
)


def _repeat(s: Any, i: int, times: int, *, between: bool = False) -> None:
    """One call so many times; its results are the same or differ in a count."""
    command, output = COMMANDS[i % len(COMMANDS)]
    path = s.fresh()
    for turn in range(times):
        if i % 3 == 1 and turn:
            s.say(s.pick("Once more.", "Let me check again.", "Still not it, again."))
        if i % 4 == 0:
            s.grep("total|limit|size", path)
        elif i % 4 == 1:
            s.glob("*.cfg") if hasattr(s, "glob") else s.bash("find . -name '*.cfg'", "")
        else:
            varies = f"\n{turn + 3} lines" if i % 2 else ""
            s.bash(command, output.format(main=s.main) + varies, seconds=s.seconds())
        if between and turn + 1 < times:
            s.look()


def tool_repetition(s: Any, i: int) -> None:
    s.looks(i % 3)
    with s.planted():
        _repeat(s, i, 3 + i % 3)


def no_tool_repetition(s: Any, i: int) -> None:
    def twice(s: Any, _: int) -> None:
        _repeat(s, i, 2)

    def others_between(s: Any, _: int) -> None:
        _repeat(s, i, 3, between=True)

    def other_arguments(s: Any, n: int) -> None:
        for page in range(4):
            s.bash(f"gh pr list --page {page + n + 1}", f"#{page + 40} open", seconds=0.7)

    def other_files(s: Any, n: int) -> None:
        for name in sorted(s.world.code)[: 3 + n % 2]:
            s.bash(f"head -3 {name}", "\n".join(s.sources[name].splitlines()[:3]))

    def edits_between(s: Any, _: int) -> None:
        for failing in (3, 2, 0):
            s.change(s.main)
            s.red(*s.world.suites[:failing]) if failing else s.green()

    one_of(s, i, twice, others_between, other_arguments, other_files, edits_between)


def _cycle(s: Any, files: list[str], size: int, i: int, turn: int) -> None:
    """One turn of a cycle: `size` different acts on the same targets each time."""
    acts = [
        lambda: s.bash(f"git diff --stat -- {files[0]}", f" {files[0]} | 2 +-", seconds=0.1),
        lambda: s.grep("return|size", files[1]),
        lambda: s.bash(f"python -m json.tool conf/{i}.json", "{}", seconds=0.2),
        lambda: s.bash("make env-check", "ok"),
        lambda: s.bash("docker compose logs --tail 5 db", f"db | ready in {turn + 2} s"),
        lambda: s.bash("git stash list", ""),
    ]
    for act in acts[i % 2 : i % 2 + size] if size < len(acts) else acts:
        if s.chance(0.2):
            s.think(s.pick("Back to the other one.", "And again the first.", "What does that one say now?"))
        act()


def cycle_pingpong(s: Any, i: int) -> None:
    files = [s.fresh(), s.fresh()]
    s.looks(i % 2)
    with s.planted():
        for turn in range(3 + i % 2):
            _cycle(s, files, 2 + i % 4, i, turn)


def _six_things(s: Any, _: int) -> None:
    files = [s.fresh(), s.fresh()]
    for turn in range(3):
        _cycle(s, files, 6, 0, turn)


def no_cycle_pingpong(s: Any, i: int) -> None:
    files = [s.fresh(), s.fresh()]

    def twice(s: Any, _: int) -> None:
        for turn in range(2):
            _cycle(s, files, 2 + i % 4, i, turn)

    def interrupted(s: Any, _: int) -> None:
        for turn in range(3):
            _cycle(s, files, 2 + i % 3, i, turn)
            s.look()

    def other_targets(s: Any, _: int) -> None:
        for _turn in range(3):
            name = s.fresh()
            s.grep("return", name)
            s.bash(f"git log -1 --format=%h -- {name}", f"{s.rng.getrandbits(28):07x}")

    def two_and_a_half(s: Any, _: int) -> None:
        for turn, size in enumerate((2, 2, 1)):
            _cycle(s, files, size, i, turn)

    one_of(s, i, twice, _six_things, interrupted, other_targets, two_and_a_half)


def _error(s: Any, i: int, turn: int, path: str) -> None:
    """One failing command; its numbers, folders and addresses differ each time, its error does not."""
    at, address = s.rng.randint(10, 300), f"0x{s.rng.getrandbits(40):010x}"
    commands = (f"python -m tools.check --run {turn}", "make migrate", f"node scripts/load.js {turn}", "make seed")
    trace = f'Traceback (most recent call last):\n  File "/tmp/b{at}/{path}", line {at}, in load\n'
    said = (
        f"{trace}KeyError: 'cents' in record {at}",
        f"/srv/run{at}/{path}:{at}: error: relation of type <Row at {address}> has no column cents",
        f"TypeError: cannot read property size of undefined\n    at open (/tmp/x{at}/{path}:{at}:9)",
        f"error: {path}: worker {address} gave up after {at} ms: connection refused by the test database",
    )
    s.bash(commands[i % 4], stderr=said[i % 4], exit_code=1 + i % 2, seconds=s.seconds())


def same_error_retry(s: Any, i: int) -> None:
    path, unrelated = s.fresh(), s.main
    with s.planted():
        for turn in range(3 + i % 3):
            _error(s, i, turn, path)
            if i % 3 == 1:
                s.look()
            elif i % 3 == 2 and turn == 0:
                s.change(unrelated)


def no_same_error_retry(s: Any, i: int) -> None:
    path = s.fresh()

    def twice(s: Any, _: int) -> None:
        _error(s, i, 0, path)
        s.look()
        _error(s, i, 1, path)
        s.read(path)
        s.change(path)
        s.green()

    def other_errors(s: Any, _: int) -> None:
        said = ("permission denied while opening the socket", "unknown option --fast", "no module named yaml was found")
        for turn, text in enumerate(said):
            s.bash(f"make step{turn}", stderr=f"error: {text}", exit_code=2)
            s.glance()

    def fixed_between(s: Any, _: int) -> None:
        s.read(path)
        for turn in range(3):
            _error(s, i, turn, path)
            s.change(path)
        s.green()

    def fixed_before_the_third(s: Any, _: int) -> None:
        _error(s, i, 0, path)
        s.read(path)
        _error(s, i, 1, path)
        s.change(path)
        _error(s, i, 2, path)
        s.change(path)
        s.green()

    def success_at_last(s: Any, _: int) -> None:
        for turn in range(2):
            _error(s, i, turn, path)
            s.glance()
        s.bash("make migrate", "ok, 3 steps")

    one_of(s, i, twice, other_errors, fixed_between, fixed_before_the_third, success_at_last)


def reread_thrash(s: Any, i: int) -> None:
    path = s.fresh()
    first = s.rng.randint(2, 5)

    def read() -> None:
        s.read_part(path, first, 6) if i % 3 == 2 else s.read(path)

    with s.planted():
        read()
        for _ in range(1 + i % 3):
            s.looks(i % 3)
            if i % 4 == 0:
                s.change(s.main)
            read()


def no_reread_thrash(s: Any, i: int) -> None:
    path = s.fresh()

    def written_between(s: Any, _: int) -> None:
        s.read(path)
        s.change(path)
        s.read(path)

    def other_range(s: Any, n: int) -> None:
        s.read_part(path, 1, 4)
        s.looks(n % 2)
        s.read_part(path, 5, 4)

    def compacted_between(s: Any, _: int) -> None:
        s.read(path)
        s.change(path)
        s.green()
        s.compact("The user wants the task done; the file was read and changed, and all tests pass.")
        s.read(path)

    def other_files(s: Any, _: int) -> None:
        for _turn in range(3):
            s.look()

    def shell_wrote_between(s: Any, _: int) -> None:
        s.read(path)
        old = s.spot(path)
        s.bash(f"sed -i 's/{old.strip()[:6]}/{old.strip()[:6]}/' {path}", "")
        s.read(path)

    one_of(s, i, written_between, other_range, compacted_between, other_files, shell_wrote_between)


WORDS = ("retry", "charge", "timeout", "legacy", "cents", "offset", "cache", "queue", "mutex", "locale", "stale", "id")


def _search(s: Any, word: str, at: int) -> None:
    """A search; what it hits is never read."""
    if at % 3 == 2:
        s.bash(f"grep -rn '{word}' vendor", f"vendor/{word}_{at}.c:{at + 4}:  {word}();", seconds=0.2)
    elif at % 3 == 1:
        s.bash(f"find . -name '*{word}*'", f"./old/{word}.bak\n./old/{word}.ini", seconds=0.2)
    else:
        s.grep("return|size|found", s.fresh())


def search_thrash(s: Any, i: int) -> None:
    with s.planted():
        for at, word in enumerate(s.rng.sample(WORDS, 5 + i % 4)):
            _search(s, word, at + i)
            if i % 3 == 1 and at % 2:
                s.bash(f"git log -1 --grep {word}", f"{s.rng.getrandbits(28):07x} {word}")
            if i % 4 == 3 and at == 1 and 5 + i % 4 > 5:
                path = s.fresh()
                s.grep("return|size|found", path)
                s.read(path)


def no_search_thrash(s: Any, i: int) -> None:
    def four(s: Any, _: int) -> None:
        for at, word in enumerate(s.rng.sample(WORDS, 4)):
            _search(s, word, at + i)

    def each_read(s: Any, n: int) -> None:
        for _ in range(5 + n % 2):
            path = s.fresh()
            s.grep("return|size|found", path)
            s.read(path)

    def two_of_six(s: Any, _: int) -> None:
        for at, word in enumerate(s.rng.sample(WORDS, 4)):
            _search(s, word, at + i)
        for _ in range(2):
            path = s.fresh()
            s.grep("return|size|found", path)
            s.read(path)

    def fifth_read(s: Any, _: int) -> None:
        for at, word in enumerate(s.rng.sample(WORDS, 4)):
            _search(s, word, at + i)
        path = s.fresh()
        s.grep("return|size|found", path)
        s.read(path)

    one_of(s, i, four, each_read, two_of_six, fifth_read)


PATTERNS = {
    "tool_repetition": Pattern(tool_repetition, no_tool_repetition),
    "cycle_pingpong": Pattern(cycle_pingpong, no_cycle_pingpong),
    "same_error_retry": Pattern(same_error_retry, no_same_error_retry),
    "reread_thrash": Pattern(reread_thrash, no_reread_thrash),
    "search_thrash": Pattern(search_thrash, no_search_thrash),
}
