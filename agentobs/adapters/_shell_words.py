"""Split a shell command line into its simple commands: lists of words, quotes and here-documents taken care of."""

import re

LONGEST = 20_000
_MOST_HEREDOCS = 50  # each one that never ends is looked for up to the end

_HEREDOC = re.compile(
    r"(?<!<)<<-?[ \t]*['\"\\]?(?P<tag>\w+)['\"]?(?P<rest>[^\n]*)\n(?:.*?\n)??[ \t]*(?P=tag)(?=[\s)]|$)", re.DOTALL
)
_TOKEN = re.compile(
    r"""
      (?P<single>'[^']*'?)
    | (?P<double>"(?:[^"\\]|\\.)*"?)
    | (?P<redirect>&>>?|\d*<<<|\d*[<>]&[\d-]?|\d*(?:>>|>\||[<>]))
    | (?P<end>[;&|()`\n])
    | (?P<space>(?:[ \t\r]|\\\n)+)
    | (?P<escape>\\.?)
    | (?P<comment>(?<![^\s;&|()])\#[^\n]*)
    | (?P<word>\d+(?![<>\w])|[^\s'"\\;|&()`<>\#]+|\S|\s)
    """,
    re.VERBOSE | re.DOTALL,
)


class _Splitter:
    """The commands found so far, and the one being read."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []
        self.words: list[str] = []
        self.word: str | None = None
        self.is_target = False  # of a redirection: no word of the command

    def end_word(self) -> None:
        if self.word is not None:
            if not self.is_target:
                self.words.append(self.word)
            self.word, self.is_target = None, False

    def end_command(self) -> None:
        self.end_word()
        if self.words:
            self.commands.append(self.words)
        self.words, self.is_target = [], False


def simple_commands(line: str) -> list[list[str]]:
    """Return the words of each simple command, without redirections and what feeds them."""
    line = line[:LONGEST]
    if 0 < line.count("<<") <= _MOST_HEREDOCS:
        line = _HEREDOC.sub(r"\g<rest>\n", line)
    split = _Splitter()
    for match in _TOKEN.finditer(line):
        kind, text = match.lastgroup or "", match[0]
        if kind in ("word", "single", "double", "escape"):
            split.word = (split.word or "") + _unquoted(kind, text)
        elif kind == "redirect":
            split.end_word()
            split.is_target = not ("&" in text and text[-1] in "0123456789-")
        elif kind == "end":
            split.end_command()
        else:
            split.end_word()
    split.end_command()
    return split.commands


def _unquoted(kind: str, text: str) -> str:
    if kind == "word":
        return text
    if kind == "escape":
        return text[1:]
    body = text[1:-1] if len(text) > 1 and text[-1] == text[0] else text[1:]
    return body if kind == "single" else body.replace('\\"', '"')
