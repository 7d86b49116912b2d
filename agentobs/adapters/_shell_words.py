"""Split a shell command line into its simple commands: lists of words, quotes and here-documents taken care of."""

import re

LONGEST = 20_000

_HEREDOC = re.compile(
    r"(?<!<)<<-?[ \t]*['\"\\]?(?P<tag>\w+)['\"]?(?P<rest>[^\n]*)\n(?:.*?\n)??[ \t]*(?P=tag)(?=[\s)]|$)", re.DOTALL
)
_TOKEN = re.compile(
    r"""
      (?P<single>'[^']*'?)
    | (?P<double>"(?:[^"\\]|\\.)*"?)
    | (?P<redirect>&>>?|\d*<<<|\d*[<>]&[\d-]?|\d*(?:>>|>\||[<>]))
    | (?P<end>&&|\|\||\|&|;;|[;&()`\n])
    | (?P<pipe>\|)
    | (?P<space>(?:[ \t\r]|\\\n)+)
    | (?P<escape>\\.?)
    | (?P<comment>\#[^\n]*)
    | (?P<word>[^\s'"\\;|&()`<>\#]+|\s)
    """,
    re.VERBOSE | re.DOTALL,
)


def simple_commands(line: str) -> list[tuple[list[str], bool]]:
    """Return the words of each simple command, without redirections, and whether it reads from a pipe."""
    line = line[:LONGEST]
    if "<<" in line:
        line = _HEREDOC.sub(r"\g<rest>\n", line)
    found: list[tuple[list[str], bool]] = []
    words: list[str] = []
    word: str | None = None
    piped = skip = False
    for match in _TOKEN.finditer(line):
        kind, text = match.lastgroup, match[0]
        if kind == "comment" and word is not None:
            word += text[:1]  # a # inside a word; what follows on the line is not looked at
            continue
        if kind in ("word", "single", "double", "escape"):
            word = (word or "") + _unquoted(kind, text)
            continue
        if word is not None:
            if not skip:
                words.append(word)
            word, skip = None, False
        if kind == "redirect":
            skip = not ("&" in text and text[-1] in "0123456789-")
        elif kind in ("end", "pipe"):
            if words:
                found.append((words, piped))
            words, piped, skip = [], kind == "pipe", False
    if word is not None and not skip:
        words.append(word)
    if words:
        found.append((words, piped))
    return found


def _unquoted(kind: str, text: str) -> str:
    if kind == "word":
        return text
    if kind == "escape":
        return text[1:]
    body = text[1:-1] if len(text) > 1 and text[-1] == text[0] else text[1:]
    return body if kind == "single" else body.replace('\\"', '"')
