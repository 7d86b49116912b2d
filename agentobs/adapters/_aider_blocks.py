"""Aider's chat history as blocks: what the person wrote, what aider said, what the model answered.

Aider appends each of them at once: `#### ` before every line of a prompt, `> ` before its own words, nothing before an
answer. Its own words of several lines have the mark on the first one only. What Markdown leaves unclear, two spaces at
the end of a line tell: aider ends prompts and its own words with them, models hardly ever a heading or a quotation.
Where an editor or a plugin took those spaces away (the ends of a session's first blocks show it), the marks alone
decide; a heading inside an answer is then none only up to 0.35, which reported the tokens before the answer.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal, NamedTuple

Kind = Literal["session", "user", "aider", "answer"]

HEADER = re.compile(r"# aider chat started at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\s*")
_MARKED = re.compile(r"(?:####|>)(?: |$)")
_SAMPLE = 3  # ends of blocks that show whether line ends are as aider writes them
_OLDER = re.compile(r"> [\d,]+ prompt tokens, ")
_COST = re.compile(r"Cost: \$")


class Block(NamedTuple):
    """Some lines that were written together, without their marks."""

    kind: Kind
    text: str


def blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a history, in order; blank lines between them are none."""
    session: list[str] = []
    for line in text.split("\n"):
        if HEADER.fullmatch(line):
            yield from _of_session(session)
            session = []
            yield Block("session", line.strip())
        else:
            session.append(line)
    yield from _of_session(session)


def _of_session(lines: list[str]) -> Iterator[Block]:
    """Yield the blocks of one session."""
    exact = _ends_are_kept(lines)
    older = any(_OLDER.match(line) for line in lines)
    kind: Kind | None = None
    kept: list[str] = []
    open_words = False  # aider's own words go on in the next line
    for line in lines:
        mark = _mark(line)
        unsure = mark is not None and not line.endswith("  ")
        if unsure and _is_inside(mark, exact, kind, kept, older):
            mark = None
        if mark is None and (open_words or (kind == "aider" and _COST.match(line))):
            kept.append(line.rstrip())
            open_words = open_words and not line.endswith("  ")
            continue
        if mark is None and not line.strip() and kind != "answer":
            yield from _block(kind, kept)
            kind, kept = None, []
            continue
        now: Kind = mark or "answer"
        if now != kind or now == "aider":
            yield from _block(kind, kept)
            kind, kept = now, []
        kept.append(_unmarked(line, now))
        open_words = exact and now == "aider" and not line.endswith("  ")
    yield from _block(kind, kept)


def _is_inside(mark: Kind | None, exact: bool, kind: Kind | None, kept: list[str], older: bool) -> bool:
    """Tell whether a mark without the end that aider gives it only looks like one."""
    if mark == "user":
        return exact or (kind == "answer" and not older)
    return exact and kind == "answer" and bool(kept[-1].strip())  # a quotation: an answer ends with a blank line


def _block(kind: Kind | None, lines: list[str]) -> Iterator[Block]:
    text = "\n".join(lines)
    if kind != "user":
        text = text.strip("\n").rstrip()
    if kind is not None and (text or kind != "answer"):
        yield Block(kind, text)


def _mark(line: str) -> Kind | None:
    if _MARKED.match(line) is None:
        return None
    return "user" if line.startswith("#") else "aider"


def _unmarked(line: str, kind: Kind) -> str:
    if kind == "answer":
        return line
    return line.removeprefix("####" if kind == "user" else ">").removeprefix(" ").rstrip()


def _ends_are_kept(lines: list[str]) -> bool:
    """Tell whether the first marked blocks of a session end as aider ends them."""
    sample: list[bool] = []
    for line, following in pairwise([*lines, ""]):
        mark = _mark(line)
        if mark is not None and _mark(following) != mark:
            sample.append(line.endswith("  "))
            if len(sample) == _SAMPLE:
                break
    return 2 * sum(sample) > len(sample)
