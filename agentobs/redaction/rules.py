"""What counts as a secret: one rule per kind of key, all of it data.

A rule is found by its anchors and decided by its pattern. An anchor is a literal and a short regular expression after
it that both engines understand (no look-around, no references, no unbounded run of word characters). It is searched
in raw JSON, so it must be tolerant: whatever the pattern accepts, the anchor finds, also with backslashes before
quotes. The pattern is matched by `re` where the literal stands; its group `secret` is what goes. `unless`, searched
in the secret, refuses placeholders.
`before` is for kinds whose literal stands inside the secret: the pattern is tried from so many bytes earlier on.
`reach` spares long lines: where an anchor often stands for nothing, its surroundings are looked at first.
Two rules may share a name.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

NEVER = rb"(?!)"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A literal and what must follow it."""

    literal: bytes
    then: bytes
    caseless: bool = False
    dense: bool = False  # it begins inside a run of at least DENSE_RUN letters, digits, `_`, `-` and `.`


DENSE_RUN = 20


@dataclass(frozen=True)
class Rule:
    """One kind of secret. Rules are ordered: where two meet, the earlier one names the secret."""

    name: str
    anchors: tuple[Anchor, ...]
    pattern: bytes
    unless: bytes = NEVER
    reach: int | None = None  # bytes of raw JSON after the anchor that suffice to see whether there is a secret
    before: int = 0  # bytes before the literal where the secret may begin
    window: int | None = None  # bytes after the literal that the pattern may look at; None: all
    allowed: bytes = NEVER  # secrets that are none, whole: what the user said

    @cached_property
    def matcher(self) -> re.Pattern[bytes]:
        """The compiled pattern."""
        return re.compile(self.pattern, re.DOTALL)

    @cached_property
    def refuser(self) -> re.Pattern[bytes]:
        """The compiled `unless`."""
        return re.compile(self.unless, re.DOTALL)

    @cached_property
    def allower(self) -> re.Pattern[bytes]:
        """The compiled `allowed`."""
        return re.compile(self.allowed, re.DOTALL)

    def match(self, text: bytes, place: int) -> re.Match[bytes] | None:
        """The first match that begins at most `before` bytes before this place and holds it."""
        end = len(text) if self.window is None else min(len(text), place + self.window)
        for start in range(max(0, place - self.before), place + 1):
            match = self.matcher.match(text, start, end)
            if match is not None and match.end() > place:
                return match
        return None

    def refuses(self, secret: bytes) -> bool:
        """Whether this is a placeholder, or what the user allowed."""
        return self.refuser.search(secret) is not None or self.allower.fullmatch(secret) is not None


def rules_version(rules: Sequence[Rule]) -> str:
    """A text that changes with every rule; the number before the dot changes with the way they are applied."""
    return "2." + hashlib.sha256(repr(tuple(rules)).encode()).hexdigest()[:12]
