"""Searching texts: what a query asks for, whether a text answers it, and the piece of it to show.

A query is words that must all be there; "words in quotes" stand one after the other; -word must not be there; `or`
separates alternatives. Words are runs of letters and digits, upper and lower case alike, English ones by their stem:
`shop/cart.py` is three words that stand one after the other.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec
import snowballstemmer

from agentobs.errors import SettingsError

SNIPPET = 160  # characters around the first words that were found
_WORD = re.compile(r"[^\W_]+")
_TERM = re.compile(r'(-?)(?:"([^"]*)"?|(\S+))')
_MOST_WORD = 64  # characters of a word that count: nobody looks for a longer one
_STEMMER = snowballstemmer.stemmer("english")


class Term(msgspec.Struct, frozen=True):
    """Words that stand one after the other, or that must not."""

    words: tuple[str, ...]
    is_excluded: bool = False


class Query(msgspec.Struct, frozen=True):
    """Alternatives; each is terms that are all met."""

    alternatives: tuple[tuple[Term, ...], ...]

    @property
    def text(self) -> str:
        """The query in its plainest form, as websearch_to_tsquery reads it."""
        return " or ".join(" ".join(_written(term) for term in terms) for terms in self.alternatives)

    @property
    def wanted(self) -> frozenset[str]:
        """The stems of all words that are looked for."""
        terms = (term for terms in self.alternatives for term in terms if not term.is_excluded)
        return frozenset(stem(word) for term in terms for word in term.words)


def parse(text: str) -> Query:
    """Return what a query asks for; raise SettingsError when it asks for no word."""
    alternatives: list[list[Term]] = [[]]
    for sign, quoted, bare in _TERM.findall(text):
        if bare.lower() == "or" and not sign:
            alternatives.append([])
            continue
        found = tuple(words(quoted or bare))
        if found:
            alternatives[-1].append(Term(found, bool(sign)))
    kept = [tuple(terms) for terms in alternatives if terms]
    if not kept or any(all(term.is_excluded for term in terms) for terms in kept):
        raise SettingsError(f"{text[:80]!r} asks for no word; write at least one that is to be there")
    return Query(tuple(kept))


def words(text: str) -> list[str]:
    """Return the words of a text in order, in lower case."""
    return [word[:_MOST_WORD] for word in _WORD.findall(text.lower())]


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return the stem of an English word; any other word stays as it is."""
    return _STEMMER.stemWord(word) if word.isalpha() and word.isascii() else word


def is_met(query: Query, text: str) -> bool:
    """Tell whether a text answers a query."""
    stems = [stem(word) for word in words(text)]
    known = set(stems)
    return any(all(_holds(term, stems, known) != term.is_excluded for term in terms) for terms in query.alternatives)


def snippet(query: Query, text: str, width: int = SNIPPET) -> str:
    """Return the piece of a text around the first words looked for, each of them between « and », on one line.

    Of a text that has none of them, its beginning. What stands before or after is an ellipsis.
    """
    places = list(_found(query, text))
    first = _densest(places, width)
    start = max(0, first - width // 4)
    end = min(len(text), start + width)
    if start:
        start = next((at + 1 for at in range(start, min(start + 20, first)) if text[at].isspace()), start)
    piece, last = [], start
    for begin, stop, _ in places:
        if begin >= start and stop <= end:
            piece += [text[last:begin], "«", text[begin:stop], "»"]
            last = stop
    piece.append(text[last:end])
    line = " ".join("".join(piece).split())
    return f"{'…' if start else ''}{line}{'…' if end < len(text) else ''}"


def _holds(term: Term, stems: Sequence[str], known: set[str]) -> bool:
    wanted = [stem(word) for word in term.words]
    if not known.issuperset(wanted):
        return False
    n = len(wanted)
    return n == 1 or any(list(stems[at : at + n]) == wanted for at in range(len(stems) - n + 1))


def _found(query: Query, text: str) -> Iterator[tuple[int, int, str]]:
    """Yield where the words looked for begin and end, and their stems."""
    wanted = query.wanted
    for match in _WORD.finditer(text):
        found = stem(match[0].lower()[:_MOST_WORD])
        if found in wanted:
            yield (*match.span(), found)


def _densest(places: Sequence[tuple[int, int, str]], width: int) -> int:
    """Where the most different words stand together, the first of such places; 0 without any."""
    best, most = 0, 0
    for number, (begin, *_) in enumerate(places[:500]):
        near = len({found for other, _, found in places[number : number + 20] if other < begin + width * 3 // 4})
        if near > most:
            best, most = begin, near
    return best


def _written(term: Term) -> str:
    return f'{"-" if term.is_excluded else ""}"{" ".join(term.words)}"'
