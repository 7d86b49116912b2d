"""What a shell line runs, command by command, seen through quotes, chains, pipes, here-documents and wrappers.

It is a reading, not a shell: variables stay as they are written, and a line that it cannot follow gives fewer commands.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

LONGEST = 8_000
SHELLS = frozenset(("bash", "sh", "zsh", "dash", "ksh", "ash"))
_DEEPEST = 4
_MARK = "@here-document-"
_HEREDOC = re.compile(
    r"(?<!<)<<-?[ \t]*['\"\\]?(?P<tag>\w+)['\"]?(?P<rest>[^\n]*)\n(?P<body>.*?)(?:\n|\A)?[ \t]*(?P=tag)(?=[\s)]|$)",
    re.DOTALL,
)
_TOKEN = re.compile(
    r"""
      (?P<single>'[^']*'?)
    | (?P<double>"(?:[^"\\]|\\.)*"?)
    | (?P<opens>[$<>]\()
    | (?P<redirect>&>>?|\d*<<<|\d*[<>]&[\d-]?|\d*(?:>>|>\||[<>]))
    | (?P<end>&&|\|\||\|&|[;&|()`\n])
    | (?P<space>(?:[ \t\r]|\\\n)+)
    | (?P<escape>\\.?)
    | (?P<comment>(?<![^\s;&|()])\#[^\n]*)
    | (?P<word>\d+(?![<>\w])|[^\s'"\\;|&()`<>\#$]+|\S|\s)
    """,
    re.VERBOSE | re.DOTALL,
)
_SUBSTITUTION = re.compile(r"\$\(([^()]*)\)|`([^`]*)`")
_ASSIGNMENT = re.compile(r"\w+\+?=")
_RESERVED = frozenset(("if", "then", "elif", "else", "do", "while", "until", "!", "{", "}", "time", "nohup", "exec",
                       "command", "builtin", "stdbuf", "setsid"))  # fmt: skip
_WITH_VALUE = {
    "sudo": ("-u", "-g", "-h", "-p", "-C", "-r", "-t"),
    "doas": ("-u", "-C"),
    "env": ("-u", "-C", "-S"),
    "nice": ("-n",),
    "ionice": ("-c", "-n"),
    "timeout": ("-s", "-k", "--signal", "--kill-after"),
    "xargs": ("-n", "-I", "-P", "-d", "-L", "-a", "-s", "-E"),
}
_FLAG_C = re.compile(r"-[a-z]*c\Z")


class Simple(NamedTuple):
    """One command that a line runs."""

    name: str  # base name of the program
    words: tuple[str, ...]  # its arguments
    writes: tuple[str, ...]  # files that its output is redirected to
    piped: str | None  # the program whose output it reads
    fed: str | None  # what a here-document gives it


def commands(line: str) -> list[Simple]:
    """Return the commands that a line runs, those in `bash -c`, substitutions and fed shells included."""
    return list(_commands(line[:LONGEST], 0, []))


def _commands(line: str, depth: int, bodies: list[str]) -> Iterator[Simple]:
    if depth > _DEEPEST:
        return

    def marked(found: re.Match[str]) -> str:
        bodies.append(found["body"])
        return f" {_MARK}{len(bodies) - 1} {found['rest']}\n"

    line = _HEREDOC.sub(marked, line) if "<<" in line else line
    before: str | None = None
    for written, writes, quoted, is_piped in _split(line):
        for inner in _SUBSTITUTION.findall(quoted):
            yield from _commands(inner[0] or inner[1], depth + 1, bodies)
        marks = [word for word in written if word.startswith(_MARK)]
        numbers = [int(word.removeprefix(_MARK)) for word in marks if word.removeprefix(_MARK).isdigit()]
        fed = next((bodies[number] for number in numbers if number < len(bodies)), None)
        words = _unwrapped([word for word in written if word not in marks])
        if not words or not words[0]:
            if not is_piped:
                before = None
            continue
        name = re.split(r"[/\\]", words[0])[-1].removesuffix(".exe") or words[0]
        yield Simple(name, tuple(words[1:]), tuple(writes), before if is_piped else None, fed)
        yield from _inside(name, words[1:], fed, depth, bodies)
        before = name


def _inside(name: str, words: list[str], fed: str | None, depth: int, bodies: list[str]) -> Iterator[Simple]:
    """Yield what a command runs in its turn."""
    if name in SHELLS:
        place = next((place for place, word in enumerate(words) if _FLAG_C.match(word)), None)
        if place is not None and place + 1 < len(words):
            yield from _commands(words[place + 1], depth + 1, bodies)
        elif fed is not None:
            yield from _commands(fed, depth + 1, bodies)
    elif name == "eval":
        yield from _commands(" ".join(words), depth + 1, bodies)
    elif name == "find" and "-exec" in words:
        yield from _commands(" ".join(words[words.index("-exec") + 1 :]), depth + 1, bodies)
    elif name in {"docker", "podman", "kubectl"} and "exec" in words[:2]:
        place = next((place for place, word in enumerate(words) if word in SHELLS), None)
        if place is not None:
            yield from _inside("bash", words[place + 1 :], None, depth, bodies)
    elif name == "ssh":
        rest = [word for word in words if not word.startswith("-")]
        if len(rest) > 1:
            yield from _commands(" ".join(rest[1:]), depth + 1, bodies)


def _split(line: str) -> Iterator[tuple[list[str], list[str], str, bool]]:
    """Yield of each simple command its words, the targets of its redirections, its quoted text, whether it is piped."""
    words: list[str] = []
    writes: list[str] = []
    quoted, word, target, piped = "", None, None, False
    for match in [*_TOKEN.finditer(line), None]:
        kind, text = ("end", "\n") if match is None else (match.lastgroup or "", match[0])
        if kind in {"word", "single", "double", "escape"}:
            word = (word or "") + _unquoted(kind, text)
            quoted += text if kind == "double" else ""
            continue
        if word is not None:
            if target is None:
                words.append(word)
            elif target:
                writes.append(word)
            word, target = None, None
        if kind == "redirect":
            is_copy = "&" in text and text[-1] in "0123456789-"
            target = None if is_copy else ">" in text
        elif kind in {"end", "opens"}:
            if words or writes or quoted:
                yield words, writes, quoted, piped
            words, writes, quoted, target = [], [], "", None
            piped = text in {"|", "|&"}


def _unquoted(kind: str, text: str) -> str:
    if kind == "word":
        return text
    if kind == "escape":
        return text[1:]
    body = text[1:-1] if len(text) > 1 and text[-1] == text[0] else text[1:]
    return body if kind == "single" else body.replace('\\"', '"')


def _unwrapped(words: list[str]) -> list[str]:
    """Return the words from the program on, without assignments, `sudo -u x`, `timeout 60`, `xargs -n 1`."""
    for _ in range(12):
        while words and (words[0] in _RESERVED or _ASSIGNMENT.match(words[0])):
            words = words[1:]
        if not words or words[0] not in _WITH_VALUE:
            return words
        wrapper, rest = words[0], words[1:]
        while rest and (rest[0].startswith("-") or _ASSIGNMENT.match(rest[0])):
            rest = rest[2:] if rest[0] in _WITH_VALUE[wrapper] else rest[1:]
        if wrapper == "timeout" and rest:
            rest = rest[1:]
        if not rest:
            return words
        words = rest
    return words
