"""The tables behind the classification of shell commands: programs, their subcommands, and what wraps them."""

import re
from collections.abc import Callable

from agentobs.events import EventType

TEST = EventType.TEST_RUN.value
BUILD = EventType.BUILD_TRIGGER.value
COMMIT = EventType.COMMIT_CREATED.value
ROLLBACK = EventType.ROLLBACK_PERFORMED.value
SEARCH = EventType.SEARCH_PERFORMED.value
READING = "reading"  # harmless beside a search

SHELLS = frozenset(("bash", "sh", "zsh", "dash", "ksh"))
SHOWS_HELP = frozenset(("--help", "--version", "-version", "--collect-only", "--co", "--dry-run"))

_PROGRAMS = {
    **dict.fromkeys(
        "pytest py.test tox nox jest vitest mocha ava karma rspec phpunit pest ctest gotestsum ginkgo nosetests nose2"
        " behave bats busted jasmine stestr trial cargo-nextest green wtr web-test-runner".split(),
        TEST,
    ),
    **dict.fromkeys(
        "ninja tsc vue-tsc webpack rollup esbuild tsup swc gcc g++ clang clang++ cc c++ rustc javac msbuild kotlinc"
        " ant buildah pyinstaller".split(),
        BUILD,
    ),
    **dict.fromkeys("grep egrep fgrep rg ag ack fd fdfind locate zgrep ripgrep".split(), SEARCH),
    **dict.fromkeys(
        "cd pwd ls cat head tail sort uniq wc cut tr echo printf true awk sed nl column jq tree less more file stat du"
        " basename dirname for done fi export set pushd popd test [".split(),
        READING,
    ),
}
_SUBCOMMANDS: dict[str, dict[str, str]] = {
    "cargo": {
        **dict.fromkeys(("test", "t", "nextest", "llvm-cov", "tarpaulin"), TEST),
        **dict.fromkeys(("build", "b", "check", "c", "rustc"), BUILD),
    },
    "go": {"test": TEST, "build": BUILD, "install": BUILD},
    "dotnet": {"test": TEST, "vstest": TEST, "build": BUILD, "publish": BUILD, "pack": BUILD},
    "swift": {"test": TEST, "build": BUILD},
    "flutter": {"test": TEST, "build": BUILD},
    "dart": {"test": TEST, "compile": BUILD},
    "deno": {"test": TEST, "compile": BUILD, "bundle": BUILD, "check": BUILD},
    "bun": {"test": TEST, "build": BUILD},
    "mix": {"test": TEST, "compile": BUILD},
    "stack": {"test": TEST, "build": BUILD},
    "cabal": {"test": TEST, "build": BUILD},
    "bazel": {"test": TEST, "build": BUILD},
    "bazelisk": {"test": TEST, "build": BUILD},
    "meson": {"test": TEST, "compile": BUILD},
    "forge": {"test": TEST, "build": BUILD},
    "hardhat": {"test": TEST, "compile": BUILD},
    "playwright": {"test": TEST},
    "cypress": {"run": TEST},
    "rails": {"test": TEST},
    "ng": {"test": TEST, "e2e": TEST, "build": BUILD},
    "vite": {"build": BUILD},
    "next": {"build": BUILD},
    "nuxt": {"build": BUILD},
    "astro": {"build": BUILD, "check": BUILD},
    "parcel": {"build": BUILD},
    "react-scripts": {"test": TEST, "build": BUILD},
    "docker": {"build": BUILD, "buildx": BUILD},
    "podman": {"build": BUILD},
    "docker-compose": {"build": BUILD},
    "poetry": {"build": BUILD},
    "uv": {"build": BUILD},
    "hatch": {"test": TEST, "build": BUILD},
    "pdm": {"build": BUILD},
    "maturin": {"build": BUILD, "develop": BUILD},
    "wasm-pack": {"test": TEST, "build": BUILD},
    "hg": {"commit": COMMIT, "revert": ROLLBACK, "rollback": ROLLBACK},
    "svn": {"commit": COMMIT, "revert": ROLLBACK},
    "coverage": {},
}
_SCRIPT_RUNNERS = frozenset(
    "npm yarn pnpm bun deno turbo nx lerna just task rake invoke composer artisan rush moon gulp grunt".split()
)
_GOAL_RUNNERS = frozenset("gradle gradlew ./gradlew mvn mvnw ./mvnw sbt lein xcodebuild zig".split())
_PYTHONS = re.compile(r"(?:python|pypy)[\d.]*")
_TEST_SCRIPT = re.compile(
    r"(?:t|tst|tests?|spec|specs|e2e|unit|coverage|check|vitest|jest)(?:[:._-].*)?|.*[:_-](?:tests?|e2e)"
)
_BUILD_SCRIPT = re.compile(r"(?:build|compile|bundle|typecheck|type-check|tsc|dist)(?:[:._-].*)?|.*[:_-]build")
_TEST_FILE = re.compile(
    r"(?:.*/)?(?:tests?|run[_-]?tests?|test[_-].*|.*[_-]tests?|.*\.(?:test|spec))(?:\.(?:sh|py|js|mjs|ts|rb|bash))?"
)
_BUILD_FILE = re.compile(
    r"(?:.*/)?(?:build|compile|make)(?:[_-](?:all|prod|release|dev))?(?:\.(?:sh|py|js|mjs|ts|bash))?"
)
_TEST_GOAL = re.compile(r"(?:.*:)?(?:test|verify|check|integration-test|connectedCheck|test\w*|\w+Test|testOnly)")
_BUILD_GOAL = re.compile(
    r"(?:.*:)?(?:build|package|install|compile|assemble|bootJar|jar|archive|deploy|test-compile|compile\w+|assemble\w+|bundle\w+)"
)
_NOT_BUILT = re.compile(
    r"(?:lint|fmt|format|clean|run|dev|serve|help|deploy|docs?|up|down|start|stop|setup|logs|install|deps|migrate|shell)"
    r"(?:[:._-].*)?"
)
_TAKE_A_VALUE = frozenset(
    "--filter -F --prefix -C --cwd -w --workspace --dir --directory --project --manifest-path -p -f --file -c"
    " --config --target -I -u --user -e --env -g --group --with --extra --python --only -n --tag".split()
)
_WRAPPERS = frozenset("sudo command exec nohup env nice ionice stdbuf xargs caffeinate doas unbuffer chronic".split())
_RUNNERS = {
    "uv": ("run",),
    "poetry": ("run",),
    "pipenv": ("run",),
    "pdm": ("run",),
    "hatch": ("run",),
    "rye": ("run",),
    "bundle": ("exec",),
    "pnpm": ("exec", "dlx"),
    "yarn": ("exec", "dlx"),
    "npm": ("exec", "x"),
    "bun": ("x",),
    "conda": ("run",),
    "direnv": ("exec",),
    "dotenv": ("run",),
    "coverage": ("run",),
    "rustup": ("run",),
}
_PACKAGE_RUNNERS = frozenset(("npx", "bunx", "pnpx", "uvx", "pipx", "time", "gtime", "dotenvx", "op"))
_CONTAINERS = frozenset(("docker", "podman", "docker-compose", "kubectl"))


def unwrapped(name: str, arguments: list[str]) -> list[str] | None:
    """Return the command inside a wrapper; None when the program is no wrapper."""
    if name in _WRAPPERS or name in _PACKAGE_RUNNERS:
        return _after_options(arguments)
    if name == "timeout":
        return _after_options(arguments)[1:]
    if name in _RUNNERS and arguments and arguments[0] in _RUNNERS[name]:
        inner = _after_options(arguments[1:])
        return (
            ["python", "-m", inner[1]] if name == "coverage" and arguments[1:2] == ["-m"] and len(inner) > 1 else inner
        )
    if name in _CONTAINERS:
        return _in_container(arguments)
    if _PYTHONS.fullmatch(name) and arguments[:1] == ["-m"] and len(arguments) > 1:
        module = arguments[1]
        return None if module in ("unittest", "build", "venv", "pip", "compileall") else arguments[1:]
    return None


def kind(name: str, arguments: list[str]) -> str | None:
    """Return what a program with these arguments does, or None when nothing of interest."""
    if name in _PROGRAMS:
        return _PROGRAMS[name]
    if name in _FAMILIES:
        return _FAMILIES[name](arguments)
    if _PYTHONS.fullmatch(name):
        return _python(arguments)
    words = _after_options(arguments)
    known = _SUBCOMMANDS.get(name, {}).get(words[0]) if words else None
    if known is not None:
        return known
    if name in _SCRIPT_RUNNERS:
        return _script(words)
    return kind_of_script(name) if name.startswith("./") or name.endswith(".sh") else None


def kind_of_script(path: str) -> str | None:
    """Return what a script does by its name: ./run_tests.sh, build.sh."""
    if _TEST_FILE.fullmatch(path):
        return TEST
    return BUILD if _BUILD_FILE.fullmatch(path) else None


def _after_options(arguments: list[str]) -> list[str]:
    position = 0
    while position < len(arguments) and (arguments[position][:1] in ("-", "+") or "=" in arguments[position]):
        position += 2 if arguments[position] in _TAKE_A_VALUE else 1
    return arguments[position:]


def _in_container(arguments: list[str]) -> list[str] | None:
    words = _after_options(arguments)
    if words[:1] == ["compose"]:
        words = _after_options(words[1:])
    if words[:1] not in (["exec"], ["run"]):
        return ["docker", *words] if words[:1] == ["build"] and arguments[:1] != ["build"] else None
    inner = _after_options(words[1:])[1:]
    return inner[1:] if inner[:1] == ["--"] else inner or None


def _git(arguments: list[str]) -> str | None:
    words = _after_options(arguments)
    command, rest = (words[0], words[1:]) if words else ("", [])
    if command in ("commit", "grep"):
        return COMMIT if command == "commit" else SEARCH
    undoes = (
        command == "revert"
        or (command == "restore" and not ({"--staged", "-S"} & set(rest) and not {"--worktree", "-W"} & set(rest)))
        or (command == "checkout" and bool({"--", ".", "-f", "--force"}.intersection(rest)))
        or (command == "reset" and any(_undoes_commits(word) for word in rest))
        or (command == "stash" and (not rest or rest[0] in ("push", "save") or rest[0].startswith("-")))
        or (command == "clean" and any(word.startswith("-") and ("f" in word) for word in rest))
        or (command in ("merge", "rebase", "cherry-pick", "am") and "--abort" in rest)
    )
    return ROLLBACK if undoes else None


def _undoes_commits(word: str) -> bool:
    return word in ("--hard", "--keep", "--merge") or word.startswith(("HEAD~", "HEAD^", "@~", "@^"))


def _python(arguments: list[str]) -> str | None:
    if arguments[:1] == ["-m"]:
        return {"unittest": TEST, "build": BUILD}.get("".join(arguments[1:2]))
    words = _after_options(arguments) if arguments[:1] != ["-c"] else []
    if not words:
        return None
    script = words[0].rsplit("/", 1)[-1]
    if script in ("manage.py", "setup.py") and len(words) > 1:
        return {"test": TEST, "build": BUILD, "bdist_wheel": BUILD, "build_ext": BUILD}.get(words[1])
    return kind_of_script(words[0])


def _interpreter(arguments: list[str]) -> str | None:
    if "--test" in arguments:
        return TEST
    words = _after_options(arguments) if arguments[:1] not in (["-e"], ["-r"]) else []
    if words[:1] == ["artisan"]:
        return TEST if words[1:2] == ["test"] else None
    return kind(words[0].rsplit("/", 1)[-1], words[1:]) or kind_of_script(words[0]) if words else None


def _make(arguments: list[str]) -> str | None:
    words = [word for word in arguments if not word.startswith("-") and "=" not in word]
    targets = [word for word in words if not word.isdigit() and "/" not in word]
    if any(_TEST_SCRIPT.fullmatch(word) for word in targets):
        return TEST
    return None if targets and all(_NOT_BUILT.fullmatch(word) for word in targets) else BUILD


def _goals(arguments: list[str]) -> str | None:
    goals = [word for word in arguments if not word.startswith("-")]
    if any(_TEST_GOAL.fullmatch(goal) for goal in goals):
        return TEST
    return BUILD if any(_BUILD_GOAL.fullmatch(goal) for goal in goals) else None


def _script(words: list[str]) -> str | None:
    if words[:1] in (["run"], ["run-script"], ["workspace"], ["run-many"], ["affected"]):
        words = _after_options(words[2:] if words[0] == "workspace" else words[1:])
        if words[:1] == ["run"]:
            words = words[1:]
    if not words or words[0] in ("install", "add", "ci", "remove", "create", "init"):
        return None
    name = words[0]
    if _TEST_SCRIPT.fullmatch(name):
        return TEST
    if _BUILD_SCRIPT.fullmatch(name):
        return BUILD
    return _PROGRAMS.get(name) if _PROGRAMS.get(name) in (TEST, BUILD) else None


def _find(arguments: list[str]) -> str | None:
    changes = bool({"-delete", "-exec", "-ok"}.intersection(arguments)) and "grep" not in arguments
    return None if changes else SEARCH


def _cmake(arguments: list[str]) -> str | None:
    return BUILD if "--build" in arguments else None


_FAMILIES: dict[str, Callable[[list[str]], str | None]] = {
    "git": _git,
    "find": _find,
    "cmake": _cmake,
    **dict.fromkeys(("make", "gmake"), _make),
    **dict.fromkeys(("node", "tsx", "ts-node", "php", "ruby"), _interpreter),
    **dict.fromkeys(_GOAL_RUNNERS, _goals),
}
