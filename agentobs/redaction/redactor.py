"""Redact raw bytes: lines of a chunk, documents, single strings. Clean input passes at the speed of the scan.

A text is looked at as it stands and, where a candidate or a hiding escape was seen, again with its JSON escapes
resolved, once per level of nesting. What is found at any level is mapped back to the raw bytes and replaced there, so
that nothing else of the line changes. The mark holds no character that JSON escapes, at any level.
"""

import hashlib
import hmac
import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, NamedTuple, TypeVar

import msgspec

from agentobs.redaction.catalog import RULES
from agentobs.redaction.engines import HIDDEN, engine_for
from agentobs.redaction.escapes import Origin, Strings, inside_escape, unescape
from agentobs.redaction.rules import Rule, rules_version

_Text = TypeVar("_Text", str, bytes)
_MARK = re.compile(rb"(?P<head>redacted:[\w-]+:)[0-9a-f]{8}(?:\xc2\xbb|\\+u00[bB]{2})")
_LEVELS = 6
_LONG = 8192  # bytes
_BEFORE = 64  # bytes before an anchor that decide whether it begins a word


@dataclass(frozen=True, slots=True)
class Redacted:
    """Lines without secrets, in their order."""

    lines: list[bytes]
    altered: list[int]  # indexes of the lines that lost a secret
    counts: Counter[str]  # secrets replaced, by rule


class _Find(NamedTuple):
    start: int
    end: int
    rule: int
    level: int
    secret: bytes


class Redactor:
    """Replaces secrets by `«redacted:rule:hmac8»`; the same secret gets the same mark under the same key."""

    def __init__(
        self,
        key: bytes,
        rules: Sequence[Rule] = RULES,
        engine: Literal["auto", "hyperscan", "re"] = "auto",
    ) -> None:
        """Take the key from `load_key`."""
        self._key = key
        self._rules = tuple(rules)
        self._engine = engine_for(self._rules, engine)
        self.version = rules_version(self._rules)

    def chunk(self, data: bytes) -> Redacted:
        r"""The lines of a chunk that ends at a line's end, without their `\n`."""
        lines = data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        return self._apply(data, lines)

    def lines(self, lines: Sequence[bytes]) -> Redacted:
        """The same for lines that are already apart."""
        return self._apply(b"\n".join(lines), list(lines))

    def _apply(self, data: bytes, lines: list[bytes]) -> Redacted:
        counts: Counter[str] = Counter()
        altered: list[int] = []
        places = self._engine.find(data)
        if places:
            ends = list(accumulate(len(line) + 1 for line in lines))
            for index in sorted({bisect_right(ends, start) for start, _ in places}):
                redacted = self._redact(lines[index], counts)
                if redacted is not None:
                    lines[index] = redacted
                    altered.append(index)
        return Redacted(lines, altered, counts)

    def text(self, value: _Text, counts: Counter[str] | None = None) -> _Text:
        """This string or document without secrets; itself if it has none. Replaced ones are added to `counts`."""
        if isinstance(value, str):
            raw = value.encode("utf-8", "surrogatepass")
            redacted = self.text(raw, counts)
            return value if redacted is raw else redacted.decode("utf-8", "surrogatepass")
        redacted = self._redact(value, Counter() if counts is None else counts) if self._engine.find(value) else None
        return value if redacted is None else redacted

    def _redact(self, raw: bytes, counts: Counter[str]) -> bytes | None:
        """The redacted text, or None if it is clean."""
        if len(raw) > _LONG and not self._promising(raw):
            return None
        finds = self._finds(raw)
        if finds and _is_json(raw):
            strings = Strings(raw)
            clipped = (find._replace(end=strings.clip(find.start, find.end)[1]) for find in finds)
            finds = [find for find in clipped if find.end > find.start]
        if not finds:
            return None
        pieces, position = [], 0
        for start, end, find in _merged(finds):
            rule = self._rules[find.rule].name
            counts[rule] += 1
            pieces += [raw[position:start], self._mark(rule, find.secret)]
            position = end
        return b"".join([*pieces, raw[position:]])

    def _promising(self, raw: bytes) -> bool:
        """False if the surroundings of every anchor show that this long text is clean."""
        done = 0
        for start, number in sorted(self._engine.find(raw)):
            reach = None if number == HIDDEN else self._rules[number].reach
            if reach is None:
                return True
            if start + reach <= done:
                continue
            done = start + 2 * reach
            if self._finds(raw[_outside_escapes(raw, max(0, start - _BEFORE)) : done]):
                return True
        return False

    def _finds(self, raw: bytes) -> list[_Find]:
        """What the rules find at every level, as spans of the raw bytes."""
        finds: list[_Find] = []
        sources: list[bytes] = []
        text = raw
        for level in range(_LEVELS):
            found = self._finds_in(text, level)
            if found:
                origins = [Origin.of(source) for source in reversed(sources)]
                finds += [_traced(find, origins) for find in found]
            deeper = unescape(text)
            if deeper == text:
                break
            sources.append(text)
            text = deeper
        return finds

    def _finds_in(self, text: bytes, level: int) -> list[_Find]:
        finds: list[_Find] = []
        for place, number in self._engine.find(text):
            match = None if number == HIDDEN else self._rules[number].match(text, place)
            if match is None or not match["secret"]:
                continue
            start, end = match.span("secret")
            secret = _plain(match["secret"])
            refused = self._rules[number].refuses(secret) or inside_escape(text, start) or _in_mark(text, start, end)
            if not refused:
                finds.append(_Find(start, end, number, level, secret))
        return finds

    def _mark(self, rule: str, secret: bytes) -> bytes:
        digest = hmac.new(self._key, secret, hashlib.sha256).hexdigest()
        return f"«redacted:{rule}:{digest[:8]}»".encode()


def _in_mark(text: bytes, start: int, end: int) -> bool:
    """Whether this is a part of a mark, or begins as its hash: `password:` in a mark is no assignment."""
    return any(
        mark.end("head") == start or (mark.start() <= start and end <= mark.end())
        for mark in _MARK.finditer(text, max(0, start - 96), start + 96)
    )


def _outside_escapes(raw: bytes, position: int) -> int:
    for earlier in range(position, max(position - _BEFORE, 0), -1):
        if raw[earlier] != 0x5C and not inside_escape(raw, earlier):
            return earlier
    return 0


def _traced(find: _Find, origins: list[Origin]) -> _Find:
    start, end = find.start, find.end
    for origin in origins:
        start, end = origin.span(start, end)
    return find._replace(start=start, end=end)


def _merged(finds: list[_Find]) -> list[tuple[int, int, _Find]]:
    """Spans that do not overlap, each with the find that names it: the first rule's, longest, most deeply unescaped."""
    merged: list[tuple[int, int, _Find]] = []
    for find in sorted(finds, key=lambda find: find.start):
        if not merged or find.start >= merged[-1][1]:
            merged.append((find.start, find.end, find))
            continue
        start, end, other = merged[-1]
        named = min(other, find, key=lambda find: (find.rule, find.start - find.end, -find.level))
        merged[-1] = (start, max(end, find.end), named)
    return merged


def _plain(secret: bytes) -> bytes:
    """The same secret in the same form, however it was quoted or wrapped."""
    return unescape(secret).strip() if b"PRIVATE KEY" not in secret else b"".join(unescape(secret).split())


def _is_json(raw: bytes) -> bool:
    for decode in (msgspec.json.decode, json.loads):
        try:
            decode(raw)
        except (ValueError, RecursionError):
            continue
        return True
    return False
