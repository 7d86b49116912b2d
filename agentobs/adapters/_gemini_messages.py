"""Gemini CLI's messages: who spoke, what was said, what it cost in tokens; and the full text of a record."""

from typing import Any

from agentobs.adapters._gemini_tools import answer, asked_text
from agentobs.adapters._objects import (
    Fields,
    count,
    inner,
    items,
    named,
    read_object,
    says_something,
    text,
    without_cache,
)
from agentobs.adapters._text import clip, one_line
from agentobs.events import Event, EventType, Usage, call_key

_ANSWERS = ("gemini", "model", "assistant")
_NOTES = {"info": "info", "warning": "warning"}
_WRITTEN_BY_THE_CLIENT = (
    "System: ",
    "<session_context>",
    "<hook_context>",
    "<state_snapshot>",
    "This is the Gemini CLI. We are setting up the context",
)


def add_message(event: Event, message: Fields, is_subagent: bool) -> None:
    """Say in an event what its message says."""
    kind = text(message, "type") or "untyped"
    event.native_type = clip(kind, 100)
    if kind == "user":
        _add_prompt(event, message, is_subagent)
    elif kind in _ANSWERS:
        _add_answer(event, message)
    elif kind == "error":
        event.type, event.severity = EventType.ERROR_ENCOUNTERED.value, "error"
        event.summary = one_line(_said(message))
    elif kind in _NOTES:
        event.type, event.severity, event.role = EventType.USER_INTERACTION.value, _NOTES[kind], "system"
        event.summary = one_line(_said(message))


def content(raw: bytes, part: int) -> str | None:
    """Return the text of a record: what was said, asked or answered; None when it has none."""
    found = read_object(raw)
    if isinstance(found, str) or part != 0:
        return None
    fields = found.fields
    if "type" in fields:
        return _said(fields) or _thoughts(fields)
    if "args" in fields:
        return asked_text(fields)
    if "result" in fields or "status" in fields:
        return answer(fields)[0]
    return text(fields, "summary") or text(inner(fields, "$set"), "summary")


def _add_prompt(event: Event, message: Fields, is_subagent: bool) -> None:
    typed, sent = _text_of(message.get("displayContent")), _said(message)
    event.type = EventType.USER_INTERACTION.value
    event.summary = one_line(typed or _first_text(message.get("content")) or sent)
    if is_subagent:
        event.role, event.native_type = "system", "user/subagent_prompt"
    elif typed is None and (sent is None or sent.lstrip().startswith(_WRITTEN_BY_THE_CLIENT)):
        event.role, event.native_type = "system", "user/client"
    else:
        event.role = "user"


def _add_answer(event: Event, message: Fields) -> None:
    event.type, event.role = EventType.LLM_RESPONSE.value, "assistant"
    event.model = named(message, "model")
    event.summary = one_line(_said(message) or _thoughts(message))
    tokens = inner(message, "tokens")
    usage = _usage(tokens)
    if says_something(usage):
        event.usage, event.basis = usage, "measured"
        event.usage_key = call_key(event.session_id, event.native_id) if event.native_id else event.id.hex()


def _usage(tokens: Fields) -> Usage:
    cached, thoughts = count(tokens, "cached"), count(tokens, "thoughts")
    given, written = without_cache(count(tokens, "input"), cached), count(tokens, "output")
    return Usage(
        input_tokens=_sum(given, count(tokens, "tool")),
        output_tokens=_sum(written, thoughts),
        cache_read_tokens=cached,
        reasoning_tokens=thoughts,
    )


def _sum(*values: int | None) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _said(message: Fields) -> str | None:
    """Return the text of a message's content, or of its parts as the API has them."""
    return _text_of(message.get("content")) or _text_of(message.get("parts"))


def _text_of(content: Any) -> str | None:
    if isinstance(content, str):
        return content or None
    parts = content if isinstance(content, list) else [content]
    return "\n".join(part for part in map(_part, parts) if part) or None


def _part(part: Any) -> str | None:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        return None
    media = text(inner(part, "inlineData"), "mimeType") or text(inner(part, "fileData"), "mimeType")
    return text(part, "text") or (f"[{media}]" if media else None)


def _first_text(content: Any) -> str | None:
    """Return the part that a person wrote: files that it names follow in parts of their own."""
    return _part(content[0]) if isinstance(content, list) and content else None


def _thoughts(message: Fields) -> str | None:
    thoughts = [thought for thought in items(message, "thoughts") if isinstance(thought, dict)]
    lines = [": ".join(filter(None, (text(each, "subject"), text(each, "description")))) for each in thoughts]
    return "\n".join(filter(None, lines)) or None
