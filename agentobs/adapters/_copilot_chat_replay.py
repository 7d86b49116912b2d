"""Copilot Chat's debug export (*.chatreplay.json): {prompts: [{prompt, promptId, logs}]}, or one such prompt alone.

It names no session: the first prompt's id stands for it. A request log has its own usage; its messages, which repeat
the whole conversation each time, are left out of the record.

    prompt                 user_interaction, role user
    request                llm_request with the usage, llm_response with the answer; error_encountered where it failed
    toolCall               by tool, see _copilot_chat_tools, and its tool_result
    element                skipped
"""

import re
from collections.abc import Iterator
from typing import Any

from agentobs.adapters._copilot_chat_origin import NAME, Request, Session, Subject, begun, subject_of
from agentobs.adapters._copilot_chat_tools import answer_of, call
from agentobs.adapters._text import clip, one_line, short_id, small_json
from agentobs.adapters._whole_document import Document, count, inside, number, objects, record, text
from agentobs.events import Event, EventType, Item, Skip, Stamp, Usage, parse_timestamp

_OPENING = re.compile(rb'\s*\{\s*"(?:exportedAt|totalPrompts|totalLogEntries|prompts|prompt|promptId)"\s*:')
_PROMPT = re.compile(rb'[{,]\s*"promptId"\s*:')
_LOGS = re.compile(rb'[{,]\s*"(?:logs"\s*:\s*\[|logCount"\s*:)')
_REPEATED = frozenset(("requestMessages", "tools"))
_SPOKEN_LENGTH = 100


def is_replay(value: object) -> bool:
    """Tell whether a document is such an export."""
    return isinstance(value, dict) and (isinstance(value.get("prompts"), list) or isinstance(value.get("logs"), list))


def looks_like_replay(head: bytes) -> bool:
    """Tell whether the beginning of a document is that of such an export."""
    if _OPENING.match(head) is None:
        return False
    return _PROMPT.search(head) is not None and _LOGS.search(head) is not None


def replay_items(document: Document) -> Iterator[Item]:
    """Yield the events of a debug export, in the order of the document."""
    value, original, sanitised = document.value, document.original, document.sanitised
    prompts = objects(value["prompts"], inside(original, "prompts")) if "prompts" in value else [(value, original)]
    session_id, identity = _session_id(prompts), _session_id([(other, None) for _, other in prompts])
    if session_id is None:
        yield Skip(0, "session_without_id")
        return
    session = Session(session_id, identity or session_id)
    offset = 0
    for one, other in prompts:
        logs = objects(one.get("logs"), inside(other, "logs"))
        times = (_start(log) for log, _ in logs)
        first = next((when for when in times if when is not None), None)
        if first is not None:
            session.ts = first.ts
        request = Request(short_id(text(one.get("promptId"))) or "", text(inside(other, "promptId")) or "")
        found = record(_without(one, ("logs",)), _without(other, ("logs",)), sanitised=sanitised)
        prompt = _prompt(subject_of(found, offset, session, request, "promptId"))
        request.parent = prompt.id
        yield prompt
        offset += 1
        for log, its_original in logs:
            found = record(_lean(log), _lean(its_original), sanitised=sanitised)
            yield from _log(subject_of(found, offset, session, request, "id"))
            offset += 1


def answer(said: object) -> str | None:
    """Return the text of a response: a list of texts and parts, or a text."""
    message = inside(said, "message")
    parts = message if isinstance(message, list) else [message]
    texts = [part if isinstance(part, str) else text(inside(part, "text")) or "" for part in parts]
    return "".join(texts) or None


def _session_id(prompts: list[tuple[Any, object]]) -> str | None:
    first = next((found for one, _ in prompts if (found := text(inside(one, "promptId")))), None)
    return short_id(f"{NAME}:{first}") if first is not None else None


def _prompt(subject: Subject) -> Event:
    event = begun(subject, 0, EventType.USER_INTERACTION.value, "prompt", None)
    event.role = "user"
    event.summary = one_line(text(subject.record.value.get("prompt")))
    return event


def _log(subject: Subject) -> list[Event] | list[Skip]:
    kind = text(subject.record.value.get("kind")) or "untyped"
    if kind == "element":
        return [Skip(subject.offset, kind)]
    if kind == "request":
        return _model_call(subject)
    if kind == "toolCall":
        return _tool_call(subject)
    return [begun(subject, 0, EventType.UNKNOWN.value, f"log/{clip(kind, 100)}", None)]


def _model_call(subject: Subject) -> list[Event]:
    log = subject.record.value
    metadata = log.get("metadata")
    event = begun(subject, 0, EventType.LLM_REQUEST.value, "log/request", _start(log))
    event.role, event.model = "assistant", short_id(text(inside(metadata, "model")))
    event.summary = one_line(text(log.get("name")), _SPOKEN_LENGTH)
    event.duration_ms = number(inside(metadata, "duration"))
    event.data = small_json({"first_token_ms": number(inside(metadata, "timeToFirstToken"))})
    event.usage = usage_of(inside(metadata, "usage"))
    if event.usage is not None:
        event.basis = "measured"
        event.usage_key = short_id(
            f"{subject.session.session_id}:{subject.request.id}:{subject.native_id or event.id.hex()}"
        )
    said, outcome = answer(log.get("response")), text(inside(log, "response", "type"))
    failed = outcome is not None and outcome != "success"
    if said is None and not failed:
        return [event]
    kind = EventType.ERROR_ENCOUNTERED if failed else EventType.LLM_RESPONSE
    second = begun(subject, 1, kind.value, "log/response", _time(inside(metadata, "endTime")))
    second.role, second.model = "assistant", event.model
    second.severity = "error" if failed else "info"
    second.summary = one_line(said or outcome, _SPOKEN_LENGTH)
    return [event, second]


def usage_of(said: object) -> Usage | None:
    """Return what a request used; its prompt includes what was read from the cache."""
    given, answered = count(inside(said, "prompt_tokens")), count(inside(said, "completion_tokens"))
    cached = count(inside(said, "prompt_tokens_details", "cached_tokens"))
    thought = count(inside(said, "completion_tokens_details", "reasoning_tokens"))
    if given is not None and cached is not None:
        given = max(given - cached, 0)
    usage = Usage(given, answered, cached, None, None, thought)
    return None if usage == Usage() else usage


def _tool_call(subject: Subject) -> list[Event]:
    log = subject.record.value
    said = {"id": log.get("id"), "name": log.get("tool"), "arguments": log.get("args")}
    found = call(subject, 0, said, _start(log))
    if log.get("response") is None:
        return [found]
    return [found, answer_of(subject, found, log["response"])]


def _start(log: dict[str, Any]) -> Stamp | None:
    return _time(inside(log, "metadata", "startTime")) or _time(log.get("time"))


def _time(value: object) -> Stamp | None:
    return parse_timestamp(value[:100]) if isinstance(value, str) else None


def _without(value: object, names: tuple[str, ...] | frozenset[str]) -> dict[str, Any]:
    return {name: one for name, one in value.items() if name not in names} if isinstance(value, dict) else {}


def _lean(log: object) -> dict[str, Any]:
    """Return a log without what repeats the conversation and the list of tools."""
    kept = _without(log, _REPEATED)
    if isinstance(kept.get("metadata"), dict):
        kept["metadata"] = _without(kept["metadata"], _REPEATED)
    return kept
