"""Finding candidates fast: two engines that report the same places, hyperscan and the standard library's `re`."""

import re
import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal, Protocol

from agentobs.redaction.rules import DENSE_RUN, Anchor, Rule

HIDDEN = -1
"""The rule number of a place where a JSON escape may hide the characters of a key."""

# A printable ASCII character as \u00XX, and \/. Not \u0026, \u003c, \u003e (& < >), which many encoders write:
# no anchor needs these characters to be found.
_ESCAPES = (
    Anchor(rb"\u00", rb"(?:2[0-57-9a-fA-F]|3[0-9abdABDfF]|[4-7][0-9a-fA-F])"),
    Anchor(rb"\/", rb""),
)

Place = tuple[int, int]


class Engine(Protocol):
    """Finds the anchors of rules."""

    def find(self, text: bytes) -> list[Place]:
        """Every (position of an anchor, number of its rule or HIDDEN), in no order."""
        ...


class HyperscanEngine:
    """All anchors in one pass, at the speed of memory."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Compile the anchors (milliseconds)."""
        import hyperscan

        anchors = _numbered(rules)
        self._numbers = [number for number, _ in anchors]
        self._scratch_of = hyperscan.Scratch
        self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        self._database.compile(
            expressions=[re.escape(anchor.literal) + anchor.then for _, anchor in anchors],
            ids=list(range(len(anchors))),
            flags=[
                hyperscan.HS_FLAG_SOM_LEFTMOST | (hyperscan.HS_FLAG_CASELESS if anchor.caseless else 0)
                for _, anchor in anchors
            ],
        )
        self._local = threading.local()

    def find(self, text: bytes) -> list[Place]:
        """Every (position of an anchor, number of its rule or HIDDEN), in no order."""
        scratch = getattr(self._local, "scratch", None)
        if scratch is None:  # one a thread: hyperscan refuses a scratch in use
            scratch = self._local.scratch = self._scratch_of(self._database)
        places: set[Place] = set()
        numbers = self._numbers

        def found(anchor: int, start: int, _end: int, _flags: int, _context: object) -> None:
            places.add((start, numbers[anchor]))

        self._database.scan(text, match_event_handler=found, scratch=scratch)
        return list(places)


_Rests = dict[re.Pattern[bytes], list[int]]  # what must follow a literal, and the rules that ask for it
_Literals = dict[bytes, _Rests]
_Probes = dict[bytes, list[tuple[bytes, int, _Rests]]]  # what is looked for: the literals that hold it, and where
_RUN = b"a" * DENSE_RUN
_RUN_OR_GAP = bytes(
    ord("a") if chr(code).isascii() and (chr(code).isalnum() or chr(code) in "_-.") else ord(" ") for code in range(256)
)


class ReEngine:
    """The same with the standard library: the literals by `bytes.find`, a regular expression at each of them.

    Most keys are long words, and long words are a tenth of a text: the literals of such keys are looked for in these.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Group the anchors by where and how their literals are looked for."""
        exact: _Literals = {}
        caseless: _Literals = {}
        self._dense: _Literals = {}
        for number, anchor in _numbered(rules):
            rest = re.compile(anchor.then, re.IGNORECASE if anchor.caseless else 0)
            key = anchor.literal.lower() if anchor.caseless else anchor.literal
            literals = caseless if anchor.caseless else self._dense if anchor.dense else exact
            literals.setdefault(key, {}).setdefault(rest, []).append(number)
        self._exact, self._caseless = _by_probe(exact), _by_probe(caseless)

    def find(self, text: bytes) -> list[Place]:
        """Every (position of an anchor, number of its rule or HIDDEN), in no order."""
        places: set[Place] = set()
        for literals, haystack in ((self._exact, text), (self._caseless, text.lower())):
            for probe, kin in literals.items():
                for found in _occurrences(haystack, probe):
                    for literal, offset, rests in kin:
                        start = found - offset
                        if start >= 0 and haystack.startswith(literal, start):
                            _add(places, text, start, start + len(literal), rests)
        words, starts, shifts = _long_words(text)
        for literal, rests in self._dense.items():
            for found in _occurrences(words, literal):
                start = found + shifts[bisect_right(starts, found) - 1]
                _add(places, text, start, start + len(literal), rests)
        return list(places)


def _by_probe(literals: _Literals) -> _Probes:
    """Literals that begin with another one, or share their last three bytes with more, are looked for once."""
    endings = Counter(literal[-3:] for literal in literals)
    probes: _Probes = {}
    for literal, rests in literals.items():
        beginnings = [other for other in literals if literal.startswith(other)]
        probe, offset = min(beginnings, key=len), 0
        if probe == literal and endings[literal[-3:]] > 2:
            probe, offset = literal[-3:], len(literal) - 3
        probes.setdefault(probe, []).append((literal, offset, rests))
    return probes


def _add(places: set[Place], text: bytes, start: int, end: int, rests: _Rests) -> None:
    for rest, numbers in rests.items():
        if rest.match(text, end):
            places.update((start, number) for number in numbers)


def _occurrences(haystack: bytes, literal: bytes) -> Iterator[int]:
    start = haystack.find(literal)
    while start >= 0:
        yield start
        start = haystack.find(literal, start + 1)


def _long_words(text: bytes) -> tuple[bytes, list[int], list[int]]:
    """The long words of a text, one space between them, where each begins there, and how far it was from there."""
    marked = text.translate(_RUN_OR_GAP)
    words: list[bytes] = []
    starts: list[int] = []
    shifts: list[int] = []
    size = 0
    start = marked.find(_RUN)
    while start >= 0:
        end = marked.find(b" ", start + DENSE_RUN)
        if end < 0:
            end = len(text)
        words.append(text[start:end])
        starts.append(size)
        shifts.append(start - size)
        size += end - start + 1
        start = marked.find(_RUN, end)
    return b" ".join(words), starts, shifts


def _numbered(rules: Sequence[Rule]) -> list[tuple[int, Anchor]]:
    own = [(number, anchor) for number, rule in enumerate(rules) for anchor in rule.anchors]
    return [*own, *((HIDDEN, escape) for escape in _ESCAPES)]


@lru_cache(maxsize=8)
def engine_for(rules: tuple[Rule, ...], name: Literal["auto", "hyperscan", "re"]) -> Engine:
    """The engine of this name for these rules, made once a process; "auto" takes `re` where hyperscan is missing."""
    if name == "re":
        return ReEngine(rules)
    try:
        return HyperscanEngine(rules)
    except ImportError:
        if name == "hyperscan":
            raise
        return ReEngine(rules)
