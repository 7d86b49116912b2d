"""Sessions of Cline's SDK and command line (2026): session.json, and *.messages.json with their compactions.

A message keeps its id and time when a session is forked: the copies are one event, and its usage counts once. A file
with a compaction repeats messages of the session's own file in other words: there all but the compaction are copies.
Input tokens include what the cache served (each response's cached part is the input of the one before it).
"""

from collections.abc import Iterator
from typing import Any

from agentobs.adapters._cline_records import NAME, Task, digest_of, new_event, time_of
from agentobs.adapters._cline_tools import kind_of, path_of, target_of
from agentobs.adapters._text import clip, one_line, short_id, small_json
from agentobs.adapters._whole_document import Record, count, encode, inside, nested, number, text
from agentobs.events import EARLIEST, Event, EventType, Item, Skip, Stamp, Usage, parse_timestamp

_STABLE = ("session_id", "started_at", "cwd", "model", "provider", "source")


def session_items(record: Record, task: Task) -> Iterator[Item]:
    """Yield the start of a session, and its end once it has one."""
    value, theirs = record.value, record.original
    began = parse_timestamp(text(theirs.get("started_at")) or "") or Stamp(EARLIEST, "none")
    task.working_directory = text(value.get("cwd"))
    start = new_event(record, task, began, 0, task.key, "start", digest=digest_of(*[theirs.get(n) for n in _STABLE]))
    start.type, start.native_type = EventType.SESSION_START.value, "session"
    start.native_id, start.workspace = (
        short_id(text(value.get("session_id"))),
        clip(text(value.get("workspace_root")), 4096),
    )
    start.model, start.provider = short_id(text(value.get("model"))), short_id(text(value.get("provider")))
    start.data = small_json(
        {
            "source": clip(text(value.get("source")), 100),
            "forked_from": clip(text(inside(value, "metadata", "fork", "forkedFromSessionId")), 200),
        }
    )
    yield start
    ended = parse_timestamp(text(theirs.get("ended_at")) or "")
    if ended is None:
        return
    digest = digest_of(theirs.get("ended_at"), theirs.get("exit_code"), theirs.get("status"))
    end = new_event(record, task, ended, 0, task.key, "end", digest=digest, part=1)
    end.type, end.native_type, end.native_id = EventType.SESSION_END.value, "session/end", start.native_id
    code = count(value.get("exit_code"))
    end.exit_code, end.summary = code, one_line(text(value.get("status")))
    yield end


def message_items(record: Record, place: int, task: Task) -> Iterator[Item]:
    """Yield the events of one message: what was said, then its calls or results."""
    value, theirs = record.value, record.original
    when = time_of(record, task)
    native = text(theirs.get("id"))
    if native is not None and when.quality == "exact":
        identity: tuple[str, ...] = (native, str(when.ts))  # the same in a fork
    else:
        identity = (task.key, native or "", task.occurrence(native or "", str(record.digest)))
    named = (*identity, "compacted") if task.is_compacted else identity
    shown = _parts(value)
    if not shown:
        yield Skip(place, "empty_message")
    for part, (kind, block) in enumerate(shown):
        event = new_event(record, task, when, place, *named, digest=record.digest, part=part)
        event.is_copy = task.is_compacted
        event.native_id = short_id(text(value.get("id")))
        event.native_type = clip(f"{text(value.get('role')) or 'untyped'}/{kind}", 200)
        _fill(event, kind, block, value, task)
        if part == 0 and value.get("role") == "assistant":
            _usage(event, value, identity)
        yield event


def is_compaction(message: object) -> bool:
    """Tell whether a message stands for others that were compacted."""
    return inside(message, "metadata", "kind") in ("compaction", "compaction_summary")


def _parts(value: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return what a message consists of: its text first, where it has any or is the model's, then calls and results."""
    content = value.get("content")
    blocks = [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    rest = [(kind, block) for block in blocks if (kind := text(block.get("type"))) in ("tool_use", "tool_result")]
    is_said = isinstance(content, str) or len(rest) < len(blocks) or value.get("role") == "assistant"
    return [("text", value), *rest] if is_said else rest


def _fill(event: Event, kind: str, block: dict[str, Any], message: dict[str, Any], task: Task) -> None:
    role = message.get("role")
    if kind == "tool_use":
        _call(event, block, task)
        event.model = _model(message)
    elif kind == "tool_result":
        _result(event, block, task)
    elif is_compaction(message):
        event.type, event.native_type = EventType.CONTEXT_SWITCH.value, "compaction/compact_boundary"
        event.is_copy, event.summary = False, one_line(text(inside(message, "metadata", "summary")))
    elif role in ("user", "assistant"):
        is_user = role == "user"
        event.type = (EventType.USER_INTERACTION if is_user else EventType.LLM_RESPONSE).value
        event.role, event.summary = role, one_line(words(message))
        event.model = None if is_user else _model(message)
        event.provider = None if is_user else short_id(text(inside(message, "modelInfo", "provider")))


def _call(event: Event, block: dict[str, Any], task: Task) -> None:
    given = nested(block.get("input"))
    name = short_id(text(block.get("name")))
    event.type, event.role, event.tool_name = kind_of(name, given), "assistant", name
    event.tool_call_id = short_id(text(block.get("id"))) or f"event-{event.id.hex()}"
    event.file_path, event.summary = clip(path_of(given), 4096), one_line(target_of(given))
    task.calls[event.tool_call_id] = event


def _result(event: Event, block: dict[str, Any], task: Task) -> None:
    event.type, event.role = EventType.TOOL_RESULT.value, "tool"
    event.tool_call_id = short_id(text(block.get("tool_use_id")))
    call = task.calls.get(event.tool_call_id or "")
    event.tool_name = call.tool_name if call else short_id(text(block.get("name")))
    event.call_type, event.file_path = (call.type, call.file_path) if call else (None, None)
    event.status = _status(block)
    event.severity = "error" if event.status == "error" else "info"
    event.summary = one_line(words(block)) if event.status == "error" else event.file_path and one_line(event.file_path)


def _status(block: dict[str, Any]) -> str | None:
    content = block.get("content")
    answers = content if isinstance(content, list) else [nested(content)]
    succeeded = [found for one in answers if isinstance(found := inside(one, "success"), bool)]
    if block.get("is_error") is True or False in succeeded:
        return "error"
    return "ok" if block.get("is_error") is False or succeeded else None


def _usage(event: Event, message: dict[str, Any], identity: tuple[str, ...]) -> None:
    metrics = message.get("metrics")
    tokens, output = count(inside(metrics, "inputTokens")), count(inside(metrics, "outputTokens"))
    event.reported_cost_usd = number(inside(metrics, "cost")) or None
    if not tokens and not output:
        return
    read, write = count(inside(metrics, "cacheReadTokens")), count(inside(metrics, "cacheWriteTokens"))
    cached = (read or 0) + (write or 0)
    if tokens is not None and tokens >= cached:
        tokens -= cached
    event.usage = Usage(input_tokens=tokens, output_tokens=output, cache_read_tokens=read, cache_write_5m_tokens=write)
    event.basis, event.usage_key = "measured", short_id(":".join((NAME, event.native_id or "", *identity[1:])))


def _model(message: dict[str, Any]) -> str | None:
    return short_id(text(inside(message, "modelInfo", "id")))


def words(block: dict[str, Any]) -> str | None:
    """Return the text of a message or of a result; of the model's thoughts where it says nothing else."""
    content = block.get("content")
    if isinstance(content, str):
        return content or None
    blocks = content if isinstance(content, list) else []
    found = [text(inside(one, "text")) or text(inside(one, "result")) for one in blocks]
    if not any(found):
        found = [text(inside(one, "thinking")) for one in blocks]
    return "\n".join([one for one in found if one is not None]) or None


def part_text(value: dict[str, Any], part: int) -> str | None:
    """Return the full text that one event of a message stands for."""
    shown = _parts(value)
    if part >= len(shown):
        return None
    kind, block = shown[part]
    if kind == "tool_use":
        return target_of(nested(block.get("input"))) or encode(block.get("input")).decode("utf-8", "replace")
    return words(block)
