"""The full text that an event of a Codex record stands for."""

import msgspec

from agentobs.adapters._codex_calls import SHELL_TOOLS, arguments, command_of
from agentobs.adapters._codex_messages import content_text, request_of, thought
from agentobs.adapters._codex_origin import Entry, entry_of
from agentobs.adapters._codex_results import output_text
from agentobs.adapters._lenient import dumps
from agentobs.adapters._objects import Fields, inner, items, read_object, text
from agentobs.events import clean_text

_CALLS = frozenset("function_call custom_tool_call local_shell_call web_search_call tool_search_call tool_call".split())
_OUTPUTS = frozenset(
    "function_call_output custom_tool_call_output tool_search_output tool_result function_result".split()
)
_NAMES = ("aggregated_output", "stdout", "stderr", "message", "text", "thread_name", "user_facing_hint", "query")


def content(raw: bytes, part: int) -> str | None:
    """Return the text of a record: what was said, asked or answered; None when it has none."""
    found = read_object(raw) if part == 0 else ""
    if isinstance(found, str):
        return None
    said = _of(entry_of(found.fields))
    return clean_text(said) if said is not None else None


def _of(entry: Entry) -> str | None:
    payload, kind = entry.payload, text(entry.payload, "type") or ""
    if entry.kind == "response_item":
        if kind in _CALLS:
            return _of_call(payload, kind)
        if kind in _OUTPUTS:
            return output_text(payload)
        return thought(payload) if kind == "reasoning" else content_text(payload)
    if kind == "user_message":
        return request_of(text(payload, "message") or "") or None
    item = inner(payload, "item")
    parts = items(inner(payload, "result", "Ok"), "content")
    said = "\n".join(word for one in parts if isinstance(one, dict) and (word := text(one, "text")))
    return text(payload, *_NAMES) or said or text(inner(payload, "error"), "message") or text(item, "text")


def _of_call(payload: Fields, kind: str) -> str | None:
    given = payload.get("input") if kind == "custom_tool_call" else payload.get("arguments")
    asked = inner(payload, "action") if kind in ("local_shell_call", "web_search_call") else arguments(given)
    name = text(payload, "name") or text(inner(payload, "function"), "name") or "local_shell"
    command = command_of(asked) if name in SHELL_TOOLS else None
    if command is not None:
        return command
    if isinstance(given, str) and (kind == "custom_tool_call" or not asked):
        return given
    return msgspec.json.format(dumps(asked), indent=2).decode() if asked else None
