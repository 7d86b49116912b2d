"""Aider's chat history: `.aider.chat.history.md` in the folder of a project, many sessions to a file.

A session begins with "# aider chat started at <local time>", the only time that there is: all its records inherit it.
It is named after that time and the repository's line below it. Aider only appends to the file, but nothing says where
an answer ends; so the file is read as one document, and its last answer is not lost.

    session                     session_start: version, model, edit format, repository
    #### prompt                 user_interaction, role user; of /run, /git, !, /test, /undo, /clear also what it does
    answer                      llm_response
    tokens and cost             llm_request with the usage and the cost of the message
    Applied edit to             file_write or file_create with its result
    Commit                      commit_created
    shell commands              by what they do, where the person agreed; refused ones with the result `denied`
    Attempt to fix ... errors?  test_run or lint with its output, failed
    Added ... to the chat       file_read
    Model: ...                  context_switch, after the beginning
    anything else it says       user_interaction of role system; error_encountered where it is an error

Token counts such as 12k are rounded: basis `estimated`. Its analytics log has them exactly, but names no session of the
history: who reads both counts twice, see aider_analytics.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from agentobs.adapters._aider_blocks import blocks
from agentobs.adapters._aider_origin import NAME, Piece, Session, key_of, start_of
from agentobs.adapters._aider_session import session_events, thoughts_and_answer
from agentobs.adapters._base import Adapter, Fidelity, NoMemory
from agentobs.adapters._markdown_document import fields_of, read_text
from agentobs.events import Item, Line, Skip, parse_timestamp

_OPENING = re.compile(rb"(?:\xef\xbb\xbf)?\s*# aider chat started at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d[ \t]*(?:\r?\n|\Z)")


def parse(lines: Iterable[Line], memory: NoMemory) -> Iterator[Item]:
    """Yield the events of a history, in its order."""
    for line in lines:
        if line[1].strip():
            yield from _items(line)
        else:
            yield Skip(line[0], "blank")


def _items(line: Line) -> Iterator[Item]:
    pieces, sanitised = _pieces(line)
    number = 0
    begun: Counter[str] = Counter()
    for one in _sessions(pieces):
        key, start = key_of(one), start_of(one)
        again = f":{begun[key]}" if begun[key] else ""
        begun[key] += 1
        session = Session(key + again, parse_timestamp(start) if start is not None else None, sanitised)
        session.number = number
        yield from session_events(session, one)
        number = session.number
    if number == 0:
        yield Skip(0, "blank")


def _pieces(line: Line) -> tuple[list[Piece], bool]:
    """Return the blocks of a document, each beside its original."""
    _, redacted, source = line
    text, sanitised = read_text(redacted)
    found = list(blocks(text))
    originals = found if source is redacted else list(blocks(read_text(source).text))
    if [one.kind for one in originals] != [one.kind for one in found]:  # a secret went over several of them
        originals = found
    pairs = zip(found, originals, strict=True)
    return [Piece(one.kind, one.text, original.text) for one, original in pairs], sanitised


def _sessions(pieces: list[Piece]) -> Iterator[list[Piece]]:
    kept: list[Piece] = []
    for piece in pieces:
        if piece.kind == "session" and kept:
            yield kept
            kept = []
        kept.append(piece)
    if kept:
        yield kept


def detect(head: bytes) -> float:
    """Return how sure it is that a file is a history: it begins with a session."""
    return 0.95 if _OPENING.match(head) is not None else 0.0


def content(raw: bytes, part: int) -> str | None:
    """Return the text of a record's part: what was said, asked or shown; None when it has none."""
    fields = fields_of(raw)
    text, kind = fields.get("text"), fields.get("kind")
    if not text:
        return None
    if kind == "answer":
        said = thoughts_and_answer(text)
        return said[part][1] if 0 <= part < len(said) else None
    return text if part == 0 or (part == 1 and kind in {"lint", "test"}) else None


ADAPTER = Adapter(
    name=NAME,
    title="Aider",
    locations=(".aider.chat.history.md",),  # of sessions in the home folder; others lie in their projects
    patterns=("*.md",),
    detect=detect,
    parse=parse,
    content=content,
    whole=True,
    fidelity=Fidelity(
        times=False,
        model=True,
        tokens=True,
        cost=True,
        outcomes=True,
        threads=False,
        subagents=False,
        edits=True,
        version=True,
        basis="real files up to 0.35; newer ones: https://github.com/Aider-AI/aider/blob/main/aider/io.py",
    ),
)
