"""What people, the model and the client say in a Codex session, and what a response used.

A prompt stands twice: as the message that the model reads (`response_item`) and as what the person typed (`event_msg`,
or `item_completed` in newer versions). The latter is the prompt; the former is its copy, or something that the client
put in. A response stands once: as `response_item`; the events that repeat it are skipped.

`token_count` gives the running total and the last response's tokens, and is repeated without any change: only a changed
total is a response. Its key is made of both, in the session that it belongs to, so that a copy of it has the same key.
Newer versions write a `token_usage_record` of the same response before or after it, which counts where it comes first.
"""

import re

from agentobs.adapters._codex_origin import Memory, begun
from agentobs.adapters._objects import Fields, count, inner, items, named, text, without_cache
from agentobs.adapters._text import clip, one_line, small_json
from agentobs.events import Event, EventType, Skip, Usage, source_key

SPOKEN_LENGTH = 100  # of what the assistant says and thinks; the text itself is in the record
IDE = "# Context from my IDE setup"

_RESPONSE = EventType.LLM_RESPONSE.value
_REQUEST = EventType.LLM_REQUEST.value
_INTERACTION = EventType.USER_INTERACTION.value
_INJECTED = re.compile(
    r"\s*(?:<(?:environment_context|user_instructions|turn_aborted|skill|permissions|subagent_notification"
    r"|user_shell_command|INSTRUCTIONS|collaboration_mode|apps_instructions|app-context|model_switch)\b"
    r"|# AGENTS\.md instructions|# Context from my IDE setup:\s*$)"
)
_REQUEST_MARK = "## My request for Codex:"
_LANES = ("input_tokens", "cached_input_tokens", "cache_write_input_tokens", "output_tokens", "reasoning_output_tokens")


def message(head: Event, payload: Fields, memory: Memory, *, bare: bool) -> Event:
    """Return the event of a message that the model read or wrote."""
    role, said = text(payload, "role"), content_text(payload)
    if role == "assistant":
        memory.prompt = None
        return _spoken(head, "response_item/message", said, memory)
    event = begun(head, 0, _INTERACTION, f"response_item/message/{role or 'unknown'}"[:200])
    event.role, event.summary = "system", one_line(said)
    if role == "user" and _INJECTED.match(said or "") is None:
        if bare:
            event.role, event.summary = "user", one_line(request_of(said or ""))
        else:
            event.is_copy = True
    return event


def reasoning(head: Event, payload: Fields, memory: Memory) -> Event:
    """Return the event of what the model thought."""
    return _spoken(head, "response_item/reasoning", thought(payload), memory)


def prompt(head: Event, kind: str, said: str | None, payload: Fields, memory: Memory) -> Event | None:
    """Return the event of what a person typed; None where it was read already in its other form."""
    key = str(source_key(said or ""))
    last, memory.prompt = memory.prompt, f"{kind}:{key}"
    if last is not None and last != memory.prompt and last.endswith(f":{key}"):
        memory.prompt = None
        return None
    event = begun(head, 0, _INTERACTION, f"event_msg/{kind}")
    injected = text(payload, "kind") not in (None, "plain") or _INJECTED.match(said or "") is not None
    human = memory.sessions[-1].human and not injected
    event.role, event.summary = "user" if human else "system", one_line(request_of(said or ""))
    images = len(items(payload, "images")) + len(items(payload, "local_images"))
    event.data = small_json({"images": images or None})
    return event


def used(head: Event, payload: Fields, memory: Memory) -> list[Event] | list[Skip]:
    """Return the event of a response's tokens, or why a token_count is none."""
    info = inner(payload, "info")
    total, last = inner(info, "total_token_usage"), inner(info, "last_token_usage")
    if not total and not last:
        return [Skip(head.offset, "token_count_without_usage")]
    before, now = memory.total, [count(total, name, 10**12) for name in _LANES]
    lanes = [count(last, name) for name in _LANES] if last else _difference(before, now)
    memory.total = now = now if total else _sum(before, lanes)
    told, memory.recorded = memory.recorded, None
    if total and before is not None and _known(before) == _known(now):
        return [Skip(head.offset, "token_count_repeated")]
    if told is not None and told == _known(lanes):
        return [Skip(head.offset, "token_count_of_token_usage_record")]
    if not any(lanes):
        return [Skip(head.offset, "token_count_of_nothing")]
    memory.counted = _known(lanes)
    event = _of_response(head, "event_msg/token_count", lanes, now, memory)
    event.basis = "measured" if last else "reported"
    event.data = small_json({"effort": memory.effort, "context_window": count(info, "model_context_window")})
    return [event]


def recorded(head: Event, payload: Fields, memory: Memory) -> list[Event] | list[Skip]:
    """Return the event of a token_usage_record, which newer versions write beside a token_count or alone."""
    usage = inner(payload, "usage")
    lanes = [count(usage, name) for name in _LANES]
    told, memory.counted = memory.counted, None
    if not any(lanes):
        return [Skip(head.offset, "token_usage_record_of_nothing")]
    if told is not None and told == _known(lanes):
        return [Skip(head.offset, "token_usage_record_of_token_count")]
    memory.recorded = _known(lanes)
    memory.total = now = _sum(memory.total, lanes)
    event = _of_response(head, "token_usage_record", lanes, now, memory)
    event.request_id, event.data = named(payload, "response_id"), small_json({"effort": memory.effort})
    return [event]


def _of_response(
    head: Event, native_type: str, lanes: list[int | None], total: list[int | None], memory: Memory
) -> Event:
    """Return the event of a response; its key is the same whichever of the two records tells of it."""
    event = begun(head, 0, _REQUEST, native_type)
    event.role, event.model = "assistant", memory.model
    event.usage, event.basis = usage_of(lanes), "measured"
    event.usage_key = f"{head.session_id}:{'-'.join(map(str, (*_known(total), *_known(lanes))))}"
    return event


def _known(lanes: list[int | None]) -> list[int]:
    return [number or 0 for number in lanes]


def _sum(before: list[int | None] | None, lanes: list[int | None]) -> list[int | None]:
    return [(old or 0) + (new or 0) for old, new in zip(before or [0] * len(lanes), lanes, strict=True)]


def usage_of(lanes: list[int | None]) -> Usage:
    """Return Codex's counts as ours: its input includes what was read from and written to a cache."""
    given, read, written, answered, thought_of = lanes
    return Usage(
        input_tokens=without_cache(given, (read or 0) + (written or 0)),
        output_tokens=answered,
        cache_read_tokens=read,
        cache_write_5m_tokens=written,
        reasoning_tokens=thought_of,
    )


def content_text(payload: Fields) -> str | None:
    """Return the text of a message, images as a word."""
    content = payload.get("content", payload.get("message"))
    if isinstance(content, str):
        return content or None
    parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    return "\n".join(text(part, "text") or f"[{text(part, 'type') or 'unknown'}]" for part in parts) or None


def thought(payload: Fields) -> str | None:
    """Return what can be read of the model's reasoning: its own text, else the summary of it."""
    parts = [*items(payload, "summary"), *items(payload, "content")]
    return "\n\n".join(said for part in parts if isinstance(part, dict) and (said := text(part, "text"))) or None


def request_of(said: str) -> str:
    """Return what the person asked for, without what the editor put before it."""
    return said.partition(_REQUEST_MARK)[2].strip() or said if said.startswith(IDE) else said


def _spoken(head: Event, native_type: str, said: str | None, memory: Memory) -> Event:
    event = begun(head, 0, _RESPONSE, native_type)
    event.role, event.model, event.summary = "assistant", memory.model, one_line(said, SPOKEN_LENGTH)
    return event


def _difference(before: list[int | None] | None, now: list[int | None]) -> list[int | None]:
    """Return what a running total grew by; all of it where it began anew."""
    old = [number or 0 for number in before or [0] * len(now)]
    if any((number or 0) < then for number, then in zip(now, old, strict=True)):
        old = [0] * len(now)
    grown = [None if number is None else number - then for number, then in zip(now, old, strict=True)]
    return [number if number is not None and number <= 10**9 else None for number in grown]


def plan(head: Event, item: Fields, memory: Memory) -> Event:
    """Return the event of a plan that the model proposed."""
    event = _spoken(head, "event_msg/item_completed/Plan", text(item, "text"), memory)
    event.data = small_json({"item": clip(text(item, "id"), 200)})
    return event
