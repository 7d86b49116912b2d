"""Copilot Chat's sessions in VS Code: chatSessions/<uuid>.json[l] of a workspace, and what "Chat: Export" writes.

One document {requests: [...]}; an export names no session, but the results of its requests do. Records are the session,
and of each request: what was asked, each round of the model, each tool result, each part that the window showed, the
end. The window repeats the rounds and is skipped where there are any.

    session                            session_start
    message                            user_interaction, role user
    round: thinking, response          llm_response
    round: tool call                   by tool, see _copilot_chat_tools
    tool result                        tool_result
    response, where no round tells     llm_response, calls and their results; edited files file_write
    end of a request                   llm_request, with the tokens that newer versions tell; where it was cancelled
                                       user_interaction, where it failed error_encountered
    anything else                      unknown, with its record

A debug export (*.chatreplay.json) is another document, see _copilot_chat_replay. Newer versions of VS Code write the
session as a log of operations (*.jsonl): it is replayed into the document first, see _copilot_chat_log.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from agentobs.adapters._base import Adapter, Fidelity, NoMemory
from agentobs.adapters._copilot_chat_log import UNREAD, looks_like_log, replayed
from agentobs.adapters._copilot_chat_origin import NAME, Request, Session, begun, subject_of
from agentobs.adapters._copilot_chat_replay import answer, is_replay, looks_like_replay, replay_items
from agentobs.adapters._copilot_chat_requests import Numbers, Reading, joined, pieces, prompt_text, request_items
from agentobs.adapters._copilot_chat_tools import text_of
from agentobs.adapters._milliseconds import moment
from agentobs.adapters._text import clip, one_line, short_id, small_json
from agentobs.adapters._whole_document import (
    Document,
    encode,
    inside,
    nested,
    objects,
    read_document,
    record,
    text,
)
from agentobs.events import Event, EventType, Item, Line, Reject, Skip, clean_text

_OPENING = re.compile(rb'\s*\{\s*"(?:version|re(?:quester|sponder)\w{1,40}|sessionId|initialLocation|requests)"\s*:')
_REQUESTS = re.compile(rb'[{,]\s*"requests"\s*:\s*\[')
_RESPONDER = re.compile(rb'[{,]\s*"(?:responderUsername|requesterUsername|initialLocation)"\s*:')
_FIRST_REQUEST = re.compile(rb'\s*(?:\]|\{\s*"(?:requestId|message|response|variableData|timestamp)"\s*:)')
_CHANGING = frozenset(("requests", "lastMessageDate", "inputState", "hasPendingEdits", "pendingRequests", UNREAD))
_decode = msgspec.json.Decoder().decode


def parse(lines: Iterable[Line], memory: NoMemory) -> Iterator[Item]:
    """Yield the events of a chat, in the order of the document."""
    for line in lines:
        if not line[1].strip():
            yield Skip(line[0], "blank")
            continue
        document = read_document(line)
        if isinstance(document, str):
            yield Reject(line[0], document, line[1])
        elif is_replay(document.value):
            yield from replay_items(document)
        elif not isinstance(document.value, dict) or not isinstance(document.value.get("requests"), list):
            yield Reject(line[0], "no list of requests at the top of the document", line[1])
        else:
            yield from _items(document)


def _items(document: Document) -> Iterator[Item]:
    value, original, sanitised = document.value, document.original, document.sanitised
    requests = objects(value["requests"], inside(original, "requests"))
    session_id, identity = _session_id(value), _session_id(original)
    numbers = Numbers()
    if session_id is None:
        yield Skip(numbers.take(), "session_without_id")
        for _ in requests:
            yield Skip(numbers.take(), "request_without_session")
        return
    first = next((at for one, _ in requests if (at := moment(one.get("timestamp"))) is not None), None)
    session = Session(session_id, identity or session_id, first.ts if first is not None else None)
    yield _session_start(value, original, session, numbers, sanitised)
    for one, other in requests:
        yield from request_items(Reading(one, other, session, numbers, sanitised))
    yield from _unread(value, numbers)


def _unread(value: dict[str, Any], numbers: Numbers) -> Iterator[Reject]:
    """Yield the lines of an operation log that could not be replayed."""
    lines = value.get(UNREAD)
    for line in lines if isinstance(lines, list) else []:
        reason = "the operation log cannot be replayed from here on"
        yield Reject(numbers.take(), reason, line.encode("utf-8", "replace") if isinstance(line, str) else encode(line))


def _session_id(value: object) -> str | None:
    """Return the session's id: its own, else the one that its results name, else one made of its first request's."""
    own = text(inside(value, "sessionId"))
    requests = inside(value, "requests")
    if own is None and isinstance(requests, list):
        named = (text(inside(one, "result", "metadata", "sessionId")) for one in requests)
        first = next((found for one in requests if (found := text(inside(one, "requestId")))), None)
        own = next((found for found in named if found), f"{NAME}:{first}" if first is not None else None)
    return short_id(own)


def _session_start(
    value: dict[str, Any], original: object, session: Session, numbers: Numbers, sanitised: bool
) -> Event:
    others = original if isinstance(original, dict) else value
    found = record(
        {key: one for key, one in value.items() if key not in _CHANGING},
        {key: one for key, one in others.items() if key not in _CHANGING},
        sanitised=sanitised,
    )
    told = (text(inside(one, "agent", "extensionVersion")) for one, _ in objects(value["requests"], None))
    request = Request(version=short_id(next((version for version in told if version), None)))
    subject = subject_of(found, numbers.take(), session, request, "sessionId")
    event = begun(subject, 0, EventType.SESSION_START.value, "session", moment(value.get("creationDate")))
    event.role = "system"
    event.summary = one_line(text(value.get("customTitle")))
    event.data = small_json(
        {
            "responder": clip(text(value.get("responderUsername")), 200),
            "location": clip(text(value.get("initialLocation")), 200),
            "is_imported": value.get("isImported") is True or None,
        }
    )
    return event


def detect(head: bytes) -> float:
    """Return how sure it is that a document is a chat: its first keys, and how its list of requests begins."""
    if looks_like_replay(head) or looks_like_log(head):
        return 0.9
    if _OPENING.match(head) is None:
        return 0.0
    requests = _REQUESTS.search(head)
    if requests is None or _FIRST_REQUEST.match(head, requests.end()) is None:
        return 0.0
    return 0.95 if _RESPONDER.search(head) is not None else 0.0


def content(raw: bytes, part: int) -> str | None:
    """Return the text of a record's part: what was said, asked or answered; None when it has none."""
    try:
        value = _decode(raw)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    found = _content(value, part) if isinstance(value, dict) else None
    return clean_text(found) if found else None


def _content(value: dict[str, Any], part: int) -> str | None:
    if "toolCalls" in value or "thinking" in value:
        found = pieces(value)
        kind, said = found[part] if 0 <= part < len(found) else ("none", None)
        return _asked(said) if kind == "call" and isinstance(said, dict) else said
    if "kind" in value and ("tool" in value or "metadata" in value):
        return _logged(value, part)
    if part == 1:
        shown = text_of(inside(value, "resultDetails", "output"))
        return shown or text(inside(value, "result", "errorDetails", "message"))
    return _said(value) if part == 0 else None


def _said(value: dict[str, Any]) -> str | None:
    if "toolId" in value:
        shown = value.get("pastTenseMessage") or value.get("invocationMessage")
        return text(shown) or text(inside(shown, "value"))
    if "toolCallId" in value:
        return text_of(value.get("result"))
    return (
        prompt_text(value) or text(value.get("prompt")) or joined(value.get("value")) or text(value.get("customTitle"))
    )


def _logged(value: dict[str, Any], part: int) -> str | None:
    if "tool" in value:
        return (
            _asked({"arguments": value.get("args")})
            if part == 0
            else text_of(value.get("response"))
            if part == 1
            else None
        )
    return answer(value.get("response")) if part == 1 else None


def _asked(said: dict[str, Any]) -> str | None:
    asked = nested(said.get("arguments"))
    return text(asked.get("command")) or (msgspec.json.format(encode(asked), indent=2).decode() if asked else None)


_FOLDERS = (
    ".config/Code*/User",
    "Library/Application Support/Code*/User",
    "AppData/Roaming/Code*/User",
    ".vscode-server*/data/User",
)
_SESSIONS = ("workspaceStorage/*/chatSessions", "globalStorage/emptyWindowChatSessions")

ADAPTER = Adapter(
    name=NAME,
    title="VS Code Copilot Chat",
    locations=tuple(
        f"{folder}/{sessions}/*.{ending}"
        for folder in _FOLDERS
        for sessions in _SESSIONS
        for ending in ("json", "jsonl")
    ),
    patterns=("*.json", "*.jsonl"),  # *.chatreplay.json among them
    detect=detect,
    parse=parse,
    content=content,
    whole=True,
    unpack=replayed,
    fidelity=Fidelity(
        times=True,
        model=True,
        tokens=False,
        cost=False,
        outcomes=True,
        threads=False,
        subagents=False,
        edits=True,
        version=True,
        basis="real files; operation logs: https://github.com/microsoft/vscode/blob/main/"
        "src/vs/workbench/contrib/chat/common/model/objectMutationLog.ts",
    ),
)
