"""JSON escapes inside raw bytes: what a text means one level deeper, and where its pieces came from."""

import re
from bisect import bisect_right
from dataclasses import dataclass

_SURROGATES = rb"u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(rb"\\(?:" + _SURROGATES + rb'|u[0-9a-fA-F]{4}|["\\/bfnrt])')
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_PLAIN = {
    b'\\"': b'"',
    b"\\\\": b"\\",
    b"\\/": b"/",
    b"\\b": b"\b",
    b"\\f": b"\f",
    b"\\n": b"\n",
    b"\\r": b"\r",
    b"\\t": b"\t",
}


def unescape(text: bytes) -> bytes:
    """The text with every JSON escape replaced by what it stands for, wherever it stands."""
    return _ESCAPE.sub(_meaning, text) if b"\\" in text else text


def _meaning(escape: re.Match[bytes]) -> bytes:
    token = escape[0]
    plain = _PLAIN.get(token)
    if plain is not None:
        return plain
    codes = [int(part, 16) for part in token.split(b"\\u")[1:]]
    units = b"".join(code.to_bytes(2, "big") for code in codes)
    return units.decode("utf-16-be", "surrogatepass").encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the bytes of an unescaped text stand in the text that it was made from."""

    starts: list[int]  # of each escape, in the unescaped text
    ends: list[int]
    source_starts: list[int]  # of the same escapes, in the source
    source_ends: list[int]

    @classmethod
    def of(cls, source: bytes) -> "Origin":
        """The origin of `unescape(source)`."""
        origin, shrunk = cls([], [], [], []), 0
        for escape in _ESCAPE.finditer(source):
            start, width = escape.start() - shrunk, len(_meaning(escape))
            origin.starts.append(start)
            origin.ends.append(start + width)
            origin.source_starts.append(escape.start())
            origin.source_ends.append(escape.end())
            shrunk += len(escape[0]) - width
        return origin

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The source span of an unescaped one; an escape that it touches belongs to it whole."""
        return self._source(start, whole=self.source_starts), self._source(end - 1, whole=self.source_ends, after=1)

    def _source(self, position: int, whole: list[int], after: int = 0) -> int:
        last = bisect_right(self.starts, position) - 1
        if last < 0:
            return position + after
        if position < self.ends[last]:
            return whole[last]
        return self.source_ends[last] + position - self.ends[last] + after


def inside_escape(text: bytes, position: int) -> bool:
    """Whether this position would cut a JSON escape in two."""
    for start in range(position - 1, max(position - 12, -1), -1):
        if text[start] != 0x5C:
            continue
        run = start
        while run > 0 and text[run - 1] == 0x5C:
            run -= 1
        opens = start if (start - run) % 2 == 0 else start - 1
        escape = _ESCAPE.match(text, opens)
        if escape and opens < position < escape.end():
            return True
    return False


class Strings:
    """The JSON strings of a document, without their quotes."""

    def __init__(self, document: bytes) -> None:
        """Find them; the document must be valid."""
        spans = [found.span() for found in _STRING.finditer(document)]
        self._starts = [start + 1 for start, _ in spans]
        self._ends = [end - 1 for _, end in spans]

    def clip(self, start: int, end: int) -> tuple[int, int]:
        """The part of this span that lies in the string where it starts; an empty one if it starts in none."""
        found = bisect_right(self._starts, start) - 1
        if found < 0 or start >= self._ends[found]:
            return start, start
        return start, min(end, self._ends[found])
