"""Finding candidates fast: two engines that report the same places, hyperscan and the standard library's `re`."""

import re
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, Protocol

from agentobs.redaction.rules import Anchor, Rule

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


class ReEngine:
    """The same with the standard library: the literals by `bytes.find`, a regular expression at each of them."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Group the anchors by their literal."""
        exact: dict[bytes, list[tuple[int, re.Pattern[bytes]]]] = {}
        caseless: dict[bytes, list[tuple[int, re.Pattern[bytes]]]] = {}
        for number, anchor in _numbered(rules):
            rest = re.compile(anchor.then, re.IGNORECASE if anchor.caseless else 0)
            literals, key = (caseless, anchor.literal.lower()) if anchor.caseless else (exact, anchor.literal)
            literals.setdefault(key, []).append((number, rest))
        self._exact, self._caseless = exact, caseless

    def find(self, text: bytes) -> list[Place]:
        """Every (position of an anchor, number of its rule or HIDDEN), in no order."""
        places: set[Place] = set()
        for literals, haystack in ((self._exact, text), (self._caseless, text.lower())):
            for literal, rests in literals.items():
                start = haystack.find(literal)
                while start >= 0:
                    end = start + len(literal)
                    places.update((start, number) for number, rest in rests if rest.match(text, end))
                    start = haystack.find(literal, start + 1)
        return list(places)


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
