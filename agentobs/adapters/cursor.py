"""Cursor's databases: state.vscdb of its global storage, and those of its workspaces, see _cursor_rows.

Records are each session, each of its messages, each chat and prompt of older versions, in the order of the document.
Cursor says little: times of messages (of older ones those of their requests), outcomes of calls, but tokens only in
some versions, and no cost. The model is what a message names; what a session is set to stands at its beginning.

    composer                session_start; skipped while it has no messages
    message of type 1       user_interaction, role user; of a subagent's session: system
    message of type 2       llm_response for thinking and text; a call by its tool (_cursor_tools), and its tool_result
                            once it ended; error_encountered; capability 22 is a context_switch
    message of another type unknown, with its record
    chat, its bubbles       session_start, user_interaction, llm_response: without times
    prompt                  user_interaction; skipped where sessions or chats are known: they hold the same prompts

The transcripts that Cursor writes beside (cursor_transcript) repeat these sessions with less in them.
"""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

import msgspec

from agentobs.adapters._base import Adapter, Fidelity
from agentobs.adapters._cursor_bubbles import (
    NAME,
    SPOKEN_LENGTH,
    Session,
    begun,
    bubble,
    named,
    pieces,
    plain_text,
    session_of,
    session_start,
)
from agentobs.adapters._cursor_rows import CHATS, COMPOSERS, PROMPTS, tables
from agentobs.adapters._objects import canonical
from agentobs.adapters._text import one_line, short_id
from agentobs.adapters._whole_document import Document, Record, inside, objects, read_document, record, text
from agentobs.adapters.cursor_transcript import content_of_line
from agentobs.events import Event, EventType, Item, Line, Reject, Skip, clean_text, content_digest

_MAGIC = b"SQLite format 3\0"
_SIGNS = (b"cursorDiskKV", *(key.encode() for key in (CHATS, COMPOSERS, PROMPTS)))
_decode = msgspec.json.Decoder().decode


class Memory(msgspec.Struct):
    """Where the database lies: prompts have no session, but their workspace has a name."""

    path: str = ""


def parse(lines: Iterable[Line], memory: Memory) -> Iterator[Item]:
    """Yield the events of every session in a database, one after the other."""
    for line in lines:
        document = read_document(line)
        if isinstance(document, str):
            yield Reject(line[0], document, line[1])
        elif not isinstance(document.value, dict) or "sessions" not in document.value:
            yield Reject(line[0], "no sessions at the top of the document", line[1])
        else:
            yield from _items(document, memory)


def _items(document: Document, memory: Memory) -> Iterator[Item]:
    offset = 0
    for name, read in (("sessions", _session_items), ("chats", _chat_items)):
        for value, original in _listed(document, name):
            for item in read(value, original, offset, document.sanitised):
                yield item
                offset = max(offset, item.offset)
            offset += 1
    has_others = offset > 0
    for found in [record(*pair, sanitised=document.sanitised) for pair in _listed(document, "prompts")]:
        yield Skip(offset, "prompt_history") if has_others else _prompt(found, offset, memory)
        offset += 1
    if offset == 0:
        yield Skip(0, "no_sessions")


def _listed(document: Document, name: str) -> list[tuple[dict[str, Any], object]]:
    return objects(document.value.get(name), inside(document.original, name))


def _session_items(value: dict[str, Any], original: object, offset: int, sanitised: bool) -> Iterator[Event | Skip]:
    composer = value.get("composer")
    own = record(composer if isinstance(composer, dict) else {}, inside(original, "composer"), sanitised=sanitised)
    messages = objects(value.get("bubbles"), inside(original, "bubbles"))
    session = session_of(own.value, text(own.original.get("composerId")) or "")
    yield session_start(own, offset, session) if messages else Skip(offset, "empty_session")
    for pair in messages:
        offset += 1
        found = bubble(record(*pair, sanitised=sanitised), offset, session)
        yield from [found] if isinstance(found, Skip) else found


def _chat_items(value: dict[str, Any], original: object, offset: int, sanitised: bool) -> Iterator[Event | Skip]:
    tab = {name: one for name, one in value.items() if name != "bubbles"}
    its_original = {name: inside(original, name) for name in tab}
    own = record(tab, its_original, sanitised=sanitised)
    own.digest = content_digest(canonical({name: inside(original, name) for name in ("tabId", "chatTitle")}))
    key = text(its_original.get("tabId")) or f"chat-{own.digest}"
    session = Session(session_id=named(text(tab.get("tabId")) or key), key=key)
    start = begun(own, offset, session, 0, EventType.SESSION_START.value, "chat", None)
    start.role, start.summary = "system", one_line(text(tab.get("chatTitle")))
    yield start
    for pair in objects(value.get("bubbles"), inside(original, "bubbles")):
        offset += 1
        yield _chat_bubble(record(*pair, sanitised=sanitised), offset, session)


def _chat_bubble(found: Record, offset: int, session: Session) -> Event | Skip:
    kind, spoken = found.value.get("type"), _chat_text(found.value)
    if kind in ("user", "ai") and spoken is None:
        return Skip(offset, "empty_message")
    if kind == "user":
        event = begun(found, offset, session, 0, EventType.USER_INTERACTION.value, "user/chat", None)
        event.role, event.summary = "user", one_line(spoken)
    elif kind == "ai":
        event = begun(found, offset, session, 0, EventType.LLM_RESPONSE.value, "assistant/chat", None)
        event.role, event.summary = "assistant", one_line(spoken, SPOKEN_LENGTH)
        event.model = short_id(text(found.value.get("modelType")))
    else:
        event = begun(found, offset, session, 0, EventType.UNKNOWN.value, "chat", None)
    return event


def _chat_text(said: dict[str, Any]) -> str | None:
    return text(said.get("rawText")) or text(said.get("text")) or plain_text(said.get("initText"))


def _prompt(found: Record, offset: int, memory: Memory) -> Event | Skip:
    workspace = PurePosixPath(memory.path).parent.name
    if not workspace or text(found.value.get("text")) is None:
        return Skip(offset, "prompt_without_text" if workspace else "prompt_without_workspace")
    session = Session(session_id=named(workspace), key=workspace, made=offset)
    event = begun(found, offset, session, 0, EventType.USER_INTERACTION.value, "user/prompt", None)
    event.role, event.summary = "user", one_line(text(found.value["text"]))
    return event


def detect(head: bytes) -> float:
    """Return how sure it is that a database is Cursor's: a table or keys that no other editor has."""
    return 0.95 if head.startswith(_MAGIC) and any(sign in head for sign in _SIGNS) else 0.0


def content(raw: bytes, part: int) -> str | None:
    """Return the text of a record's part: what was said, asked or answered; None when it has none."""
    try:
        value = _decode(raw)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    found = _content(value, part) if isinstance(value, dict) else None
    return clean_text(found) if found else None


def _content(value: dict[str, Any], part: int) -> str | None:
    if "message" in value or "role" in value:
        return content_of_line(value, part)
    if isinstance(value.get("type"), int):
        parts = pieces(value)
        return parts[part].text if part < len(parts) else None
    names = ("chatTitle", "name")
    return None if part else _chat_text(value) or next((value[name] for name in names if text(value.get(name))), None)


def _in_editor(path: str) -> tuple[str, ...]:
    folders = (".config", "Library/Application Support", "AppData/Roaming")
    return (*(f"{folder}/Cursor*/User/{path}" for folder in folders), f".cursor-server/data/User/{path}")


ADAPTER = Adapter(
    name=NAME,
    title="Cursor",
    locations=(*_in_editor("globalStorage/state.vscdb"), *_in_editor("workspaceStorage/*/state.vscdb")),
    patterns=("*.vscdb",),
    detect=detect,
    parse=parse,
    content=content,
    memory=Memory,
    whole=True,
    tables=tables,
    fidelity=Fidelity(
        times=True,
        model=True,
        tokens=True,
        cost=False,
        outcomes=True,
        threads=False,
        subagents=True,
        edits=True,
        version=False,
        basis="https://github.com/S2thend/cursor-history and other readers of state.vscdb; no real files",
    ),
)
