"""Failures in a row, runs out of control, refusals, calls that hang, and nothing happening at all."""

from __future__ import annotations

from typing import Any

from _samples.labelled.pattern import Pattern, one_of

ERRORS = (
    ("make migrate", "error: relation orders has no column cents"),
    ("node scripts/load.js", "TypeError: cannot read properties of undefined (reading size)"),
    ("terraform plan", "Error: no valid credential sources were found"),
    ("docker compose up -d db", "Error response from daemon: port is already allocated"),
    ("pip install leftpad", "ERROR: no matching distribution found for leftpad"),
    ("psql -c 'select 1'", "psql: error: connection to server failed: connection refused"),
    ("git apply fix.patch", "error: patch failed: patch does not apply"),
)


def _fail(s: Any, at: int) -> None:
    command, error = ERRORS[at % len(ERRORS)]
    s.bash(command, stderr=error, exit_code=1 + at % 2, seconds=s.seconds())


def _good(s: Any) -> None:
    s.glance() if s.chance(0.7) or not s.unseen else s.look()


def _goods(s: Any, count: int) -> None:
    for _ in range(count):
        _good(s)


def failure_cascade(s: Any, i: int) -> None:
    _goods(s, 8)
    with s.planted():
        for turn in range(3 + i % 4):
            if i % 3 == 1 and turn:
                s.say(s.pick("Then another way.", "Let me try something else.", "Hm."))
            _fail(s, i + turn)
    _goods(s, 6)


def no_failure_cascade(s: Any, i: int) -> None:
    _goods(s, 6)

    def two(s: Any, _: int) -> None:
        _fail(s, i)
        _fail(s, i + 1)

    def apart(s: Any, _: int) -> None:
        for turn in range(4):
            _fail(s, i + turn)
            if turn % 2:
                _goods(s, 2)

    def each_apart(s: Any, _: int) -> None:
        for turn in range(3):
            _fail(s, i + turn)
            _good(s)

    def edits_succeed(s: Any, _: int) -> None:
        for failing in (3, 2, 1):
            s.change(s.main)
            s.red(*s.world.suites[:failing])
        s.change(s.main)
        s.green()

    one_of(s, i, two, apart, each_apart, edits_succeed)
    _goods(s, 4)


def runaway_window(s: Any, i: int) -> None:
    _goods(s, 3)
    with s.planted():
        if i % 2:  # 12 calls with at least six failures
            for at in range(12):
                _fail(s, at) if at % 2 == 0 or at == 11 * (i % 4 == 3) else s.glance()
        else:  # ten runs of one command class, three of them failed
            for at in range(10 + i % 3):
                if at in {2, 5, 8}:
                    s.red(command=f"{s.world.test} --case {at}")
                else:
                    s.green(f"{s.world.test} --case {at}")


def no_runaway_window(s: Any, i: int) -> None:
    _goods(s, 10)

    def five(s: Any, _: int) -> None:
        for at in range(12):
            _fail(s, at) if at % 3 == 0 else s.glance()

    def spread(s: Any, _: int) -> None:
        for at in range(24):
            _fail(s, at) if at % 4 == 0 else s.glance()

    def two_failed(s: Any, _: int) -> None:
        for at in range(12):
            s.red(command=f"{s.world.test} --case {at}") if at in {3, 7} else s.green(f"{s.world.test} --case {at}")

    def other_classes(s: Any, _: int) -> None:
        programs = (
            "make",
            "npm",
            "docker",
            "terraform",
            "ruff",
            "mypy",
            "psql",
            "curl",
            "kubectl",
            "helm",
            "aws",
            "jq",
        )
        for at, program in enumerate(programs):
            if at in {2, 5, 8}:
                s.bash(f"{program} check", stderr=f"error: {program} has no check", exit_code=2)
            else:
                s.bash(f"{program} version", f"{program} 1.{at}")

    one_of(s, i, five, spread, two_failed, other_classes)
    s.looks(3)
    _goods(s, 8)


WANTED = (
    {"command": "npm publish", "description": "Publish the package"},
    {"command": "git push origin main", "description": "Push"},
    {"command": "pip install -U requests", "description": "Upgrade requests"},
    {"command": "docker system prune", "description": "Free some space"},
)


def permission_friction(s: Any, i: int) -> None:
    with s.planted():
        for turn in range(1 + (i + 1) % 4):
            if i % 3 == 1:
                _, path = s.world, s.main
                line = s.spot(path)
                given = {"file_path": s.full(path), "old_string": line, "new_string": f"{line} ", "replace_all": False}
                s.deny("Edit", given, after=s.rng.randint(4, 300))
            else:
                s.deny("Bash", WANTED[(i + turn) % len(WANTED)], after=s.rng.randint(4, 300))
            s.prompt(
                s.pick("Leave that to me, go on with the code.", "I'd rather do this by hand; continue."), after=20
            )
            s.look()


def no_permission_friction(s: Any, i: int) -> None:
    def system_says_no(s: Any, n: int) -> None:
        for path in ("/etc/hosts", "/var/log/syslog", "/root/.profile")[: 1 + n % 3]:
            s.bash(f"tee -a {path} < note", stderr=f"tee: {path}: Permission denied", exit_code=1)

    def ordinary_errors(s: Any, n: int) -> None:
        _fail(s, n)
        s.glance()
        _fail(s, n + 1)

    def http_says_no(s: Any, _: int) -> None:
        s.bash("curl -s api.example.org/me", '{"status": 403, "message": "access denied for this token"}')

    def words_only(s: Any, _: int) -> None:
        s.grep("denied|permission|reject")
        s.say("The word `denied` only stands in the payment module.")
        s.look()

    one_of(s, i, system_says_no, ordinary_errors, http_says_no, words_only)


def stuck_tool(s: Any, i: int) -> None:
    with s.planted():
        if i % 2:  # no result, whatever comes afterwards
            given = {"command": ("npm run dev", "tail -f log/dev.log", "python manage.py runserver")[i % 3]}
            s.say("I start it to have a look.")
            s.start("Bash", given)
            s.respond("tool_use") if s.agent == "claude_code" else None
            s.clock.wait(s.rng.randint(200, 500))
        else:  # far slower than this tool ever is
            s.bash(f"du -sh {s.main}", f"4.0K\t{s.main}", seconds=s.rng.randint(3_000, 9_000))
    if i % 2:
        s.prompt(f"That hung, so I closed it. Go on with {s.main}; `{s.world.test}` has to pass.", after=30)


def no_stuck_tool(s: Any, i: int) -> None:
    def ordinary(s: Any, n: int) -> None:
        for _ in range(4 + n):
            s.glance()

    def a_little_slow(s: Any, _: int) -> None:
        s.bash(s.world.build, s.world.built, seconds=s.seconds(5, 9))
        s.green()

    def fails_at_once(s: Any, n: int) -> None:
        _fail(s, n)
        s.glance()

    def slow_person(s: Any, _: int) -> None:
        s.say(f"I understand {s.main}. Shall I change the check?")
        s.done()
        s.prompt(f"Yes, change the check in {s.main}; `{s.world.test}` has to pass.", after=s.rng.randint(300, 500))

    one_of(s, i, ordinary, a_little_slow, fails_at_once, slow_person)


def idle_gap(s: Any, i: int) -> None:
    seconds = s.rng.randint(660, 5_400)
    with s.planted():
        if i % 3 == 0:
            s.say(f"I understand {s.main}. Shall I change the check?")
            s.done()
            s.prompt(f"Yes, change the check in {s.main}; `{s.world.test}` has to pass.", after=seconds)
        elif i % 3 == 1:
            s.bash("python -m tools.replay --all", "replayed 120 days", seconds=seconds)
        else:
            s.glance()
            s.clock.wait(seconds)
            s.look()


def no_idle_gap(s: Any, i: int) -> None:
    def nine_minutes(s: Any, _: int) -> None:
        s.say(f"I understand {s.main}. Shall I change the check?")
        s.done()
        s.prompt(f"Yes, change the check in {s.main}; `{s.world.test}` has to pass.", after=s.rng.randint(480, 570))

    def many_short(s: Any, _: int) -> None:
        for _turn in range(4):
            s.bash(f"python -m tools.replay --day {next(s.numbers)}", "replayed", seconds=s.rng.randint(200, 400))

    def slow_model(s: Any, _: int) -> None:
        s.glance()
        s.clock.wait(s.rng.randint(400, 560))
        s.look()

    def long_in_sum(s: Any, n: int) -> None:
        for _turn in range(12 + n):
            s.glance()
            s.clock.wait(s.rng.randint(60, 240))

    one_of(s, i, nine_minutes, many_short, slow_model, long_in_sum)


PATTERNS = {
    "failure_cascade": Pattern(failure_cascade, no_failure_cascade),
    "runaway_window": Pattern(runaway_window, no_runaway_window),
    "permission_friction": Pattern(permission_friction, no_permission_friction, codex=False),
    "stuck_tool": Pattern(stuck_tool, no_stuck_tool),
    "idle_gap": Pattern(idle_gap, no_idle_gap),
}
