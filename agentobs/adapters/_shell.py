"""Say what a shell command does: run tests, build, commit, roll back, search, or anything else.

A line of several commands is what its most telling one is: commit, then test, rollback, build. It is a search only
when nothing but reading stands beside it (`npm run dev | grep ready` is not).
"""

import re
from functools import lru_cache

from agentobs.adapters import _shell_programs as programs
from agentobs.adapters._shell_words import simple_commands
from agentobs.events import EventType

PLAIN = EventType.COMMAND_EXECUTE.value

_WORTH_A_LOOK = re.compile(
    r"test|spec|check|jest|mocha|ava|tox|nox|karma|cypress|behave|bats|verify|e2e|coverage|unit"
    r"|build|compile|make|ninja|tsc|webpack|vite|rollup|bundle|gcc|g\+\+|clang|rustc|javac|package|assemble|install"
    r"|publish|xcode|cc |cargo|tsup|esbuild|gradle|mvn|ant\b|commit|checkout|restore|reset|revert|stash|clean|abort"
    r"|grep|rg|find|fd|ag |ack|trial|rake|\bt\b|nose|green|pest"
)
_ASSIGNMENT = re.compile(r"\w+\+?=")
_RESERVED = frozenset(("if", "then", "elif", "else", "do", "while", "until", "!", "{", "time"))
_ORDER = (programs.COMMIT, programs.TEST, programs.ROLLBACK, programs.BUILD)
_DEEPEST = 3


@lru_cache(maxsize=4096)
def classify(command: str) -> str:
    """Return the event type of a shell command."""
    if _WORTH_A_LOOK.search(command) is None:
        return PLAIN
    return _kind(command, 0) or PLAIN


def _kind(command: str, depth: int) -> str | None:
    kinds = [_kind_of_words(words, depth) for words in simple_commands(command)]
    for kind in _ORDER:
        if kind in kinds:
            return kind
    if programs.SEARCH in kinds and set(kinds) <= {programs.SEARCH, programs.READING}:
        return programs.SEARCH
    return None


def _kind_of_words(words: list[str], depth: int) -> str | None:
    words = _program_and_arguments(words)
    if not words:
        return programs.READING
    name, arguments = words[0], words[1:]
    if name in programs.SHELLS:
        return _kind_of_shell(arguments, depth)
    if programs.SHOWS_HELP.intersection(arguments):
        return None
    return programs.kind(name, arguments)


def _kind_of_shell(arguments: list[str], depth: int) -> str | None:
    for position, argument in enumerate(arguments):
        if argument.startswith("-") and argument.endswith("c") and not argument.startswith("--"):
            inner = arguments[position + 1 : position + 2]
            return _kind(inner[0], depth + 1) if inner and depth < _DEEPEST else None
        if not argument.startswith("-"):
            return programs.kind_of_script(argument)
    return None


def _program_and_arguments(words: list[str]) -> list[str]:
    """Return the words from the program on, without assignments, `sudo`, `timeout 60`, `npx`, `docker exec c`."""
    for _ in range(12):
        while words and (words[0] in _RESERVED or _ASSIGNMENT.match(words[0])):
            words = words[1:]
        if not words:
            return []
        name = words[0].rsplit("/", 1)[-1] if not words[0].startswith("./") else words[0]
        rest = programs.unwrapped(name, words[1:])
        if rest is None:
            return [name, *words[1:]]
        words = rest
    return words
