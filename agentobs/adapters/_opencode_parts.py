"""opencode's messages and their parts, as events."""

from collections.abc import Callable
from typing import Any

from agentobs.adapters._milliseconds import elapsed_ms, moment
from agentobs.adapters._opencode_origin import PATH_LENGTH, Subject, begun
from agentobs.adapters._opencode_tools import tool
from agentobs.adapters._text import clip, one_line, short_id, small_json
from agentobs.adapters._whole_document import count, inside, number, text
from agentobs.events import Event, EventType, Skip, Stamp, Usage

SPOKEN_LENGTH = 100  # of what the assistant says and thinks; the text itself is in the record
SKIPPED = frozenset(("step-start", "patch", "snapshot"))

_RESPONSE = EventType.LLM_RESPONSE.value
_INTERACTION = EventType.USER_INTERACTION.value
_SWITCH = EventType.CONTEXT_SWITCH.value
_ERROR = EventType.ERROR_ENCOUNTERED.value
_UNKNOWN = EventType.UNKNOWN.value


def session_start(subject: Subject) -> Event:
    """Return the event of the session's own record."""
    info = subject.record.value
    event = begun(subject, 0, EventType.SESSION_START.value, "session", moment(inside(info, "time", "created")))
    event.role = "system"
    event.summary = one_line(text(info.get("title")))
    event.data = small_json(
        {
            "slug": clip(text(info.get("slug")), 200),
            "parent_session_id": clip(text(info.get("parentID")), 200),
            "lines_added": count(inside(info, "summary", "additions")),
            "lines_removed": count(inside(info, "summary", "deletions")),
            "files": count(inside(info, "summary", "files")),
        }
    )
    return event


def assistant_message(subject: Subject) -> list[Event]:
    """Return the model call behind an assistant message, and what stopped it."""
    info, message = subject.record.value, subject.message
    event = _model_call(subject, "assistant", message.created)
    event.data = small_json(
        {
            "mode": clip(text(info.get("mode")) or text(info.get("agent")), 200),
            "finish": clip(text(info.get("finish")), 200),
            "step_ms": elapsed_ms(inside(info, "time", "created"), inside(info, "time", "completed")),
            "is_summary": info.get("summary") is True or None,
        }
    )
    if message.first_step is not None:
        _add_usage(event, message.first_step, message.id, 0)
    elif _spent(info.get("tokens")):
        _add_usage(event, info, message.id, 0)
    if isinstance(info.get("error"), dict):
        return [event, _failed(subject, 1, info["error"], message.completed)]
    return [event]


def part(subject: Subject) -> list[Event] | Skip:
    """Return the events of a part of a message, or why it has none."""
    kind = text(subject.record.value.get("type")) or "untyped"
    if kind in SKIPPED:
        return Skip(subject.offset, kind)
    if subject.message.role == "user" and kind != "compaction":
        return [_of_user(subject, kind)]
    if kind == "tool":
        return tool(subject)
    if kind == "step-finish":
        return _step_finish(subject)
    if kind in _BY_ITSELF:
        return [_BY_ITSELF[kind](subject)]
    return [begun(subject, 0, _UNKNOWN, f"assistant/{clip(kind, 100)}", None)]


def _of_user(subject: Subject, kind: str) -> Event:
    said, message = subject.record.value, subject.message
    name = kind
    if kind == "text":
        injected = said.get("synthetic") is True or said.get("ignored") is True
        name = "synthetic" if injected else "subagent_prompt" if subject.session.root_session_id else "text"
    known = kind in ("text", "file", "agent", "subtask")
    event = begun(subject, 0, _INTERACTION if known else _UNKNOWN, f"user/{clip(name, 100)}", message.created)
    event.role = "user" if name == "text" and not message.prompted else "system"
    message.prompted = message.prompted or name == "text"
    if kind == "file":
        path = text(inside(said, "source", "path")) or text(said.get("filename"))
        event.file_path = clip(path, PATH_LENGTH)
        event.summary = one_line(path) or "[file]"
    else:
        event.summary = one_line(text(said.get("text")) or text(said.get("prompt")) or text(said.get("name")))
    return event


def _spoken(subject: Subject) -> Event:
    said = subject.record.value
    event = begun(subject, 0, _RESPONSE, f"assistant/{said['type']}", moment(inside(said, "time", "start")))
    event.role = "assistant"
    event.summary = one_line(text(said.get("text")), SPOKEN_LENGTH)
    event.duration_ms = elapsed_ms(inside(said, "time", "start"), inside(said, "time", "end"))
    return event


def _step_finish(subject: Subject) -> list[Event] | Skip:
    """Return the second and further model calls of a message; what the first one used stands at the message itself."""
    number_of_step = subject.message.step
    subject.message.step += 1
    if number_of_step == 0:
        return Skip(subject.offset, "step-finish")
    event = _model_call(subject, "assistant/step-finish", None)
    _add_usage(event, subject.record.value, subject.message.id, number_of_step)
    return [event]


def _model_call(subject: Subject, native_type: str, when: Stamp | None) -> Event:
    event = begun(subject, 0, EventType.LLM_REQUEST.value, native_type, when)
    event.role = "assistant"
    return event


def _compaction(subject: Subject) -> Event:
    event = begun(subject, 0, _SWITCH, "user/compaction", subject.message.created)
    event.role = "system"
    automatic = subject.record.value.get("auto")
    event.summary = "compaction"
    event.data = small_json({"auto": automatic if isinstance(automatic, bool) else None})
    return event


def _retry(subject: Subject) -> Event:
    said = subject.record.value
    error = said.get("error")
    return _failed(subject, 0, error if isinstance(error, dict) else {}, moment(inside(said, "time", "created")))


def _failed(subject: Subject, part: int, error: dict[str, Any], when: Stamp | None) -> Event:
    """What stopped a model call: the person, or an error of the provider."""
    name = text(error.get("name"))
    aborted = name == "MessageAbortedError"
    native_type = "assistant/aborted" if aborted else "assistant/error" if part else "assistant/retry"
    event = begun(subject, part, _INTERACTION if aborted else _ERROR, native_type, when)
    event.role = "system" if aborted else "assistant"
    event.status = "interrupted" if aborted else None
    event.severity = "warning" if aborted or not part else "error"
    message = text(inside(error, "data", "message")) or text(error.get("message"))
    event.summary = one_line(message or name)
    event.data = small_json({"error": clip(name, 200), "http_status": count(inside(error, "data", "statusCode"))})
    return event


def _spent(tokens: object) -> bool:
    """Tell whether a message speaks of tokens; all zero is what it says before its call has ended."""
    found = usage_of(tokens)
    return found is not None and found[0].total_tokens > 0


def _add_usage(event: Event, said: dict[str, Any], message_id: str | None, step: int) -> None:
    found = usage_of(said.get("tokens"))
    if found is None:
        return
    event.usage, event.basis = found
    key = f"{event.session_id}:{message_id or event.id.hex()}"
    event.usage_key = short_id(f"{key}:{step}" if step else key)
    event.reported_cost_usd = number(said.get("cost"))


def usage_of(tokens: object) -> tuple[Usage, str] | None:
    """Return what a message or a step used, and its basis; None when it says nothing.

    opencode's output leaves reasoning out, but for some providers of some versions it is inside; the total tells. A
    write to the cache has no lifetime: it is taken for the cheaper one.
    """
    given, answered = count(inside(tokens, "input")), count(inside(tokens, "output"))
    read, written = count(inside(tokens, "cache", "read")), count(inside(tokens, "cache", "write"))
    thought, total = count(inside(tokens, "reasoning")), count(inside(tokens, "total"))
    usage = Usage(given, answered, read, written, None, thought)
    if usage == Usage():
        return None
    basis = "estimated" if written else "measured"
    if answered is not None and thought:
        if total != usage.total_tokens:
            usage = Usage(given, answered + thought, read, written, None, thought)
        if total is None:
            basis = "estimated"
    return usage, basis


_BY_ITSELF: dict[str, Callable[[Subject], Event]] = {
    "compaction": _compaction,
    "retry": _retry,
    "text": _spoken,
    "reasoning": _spoken,
}
