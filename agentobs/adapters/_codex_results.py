"""Codex's tool results: how a call ended, how long it took, what it changed.

The result of a call is told up to twice, under the same call id: by an event (`exec_command_end`, `patch_apply_end`,
`mcp_tool_call_end`, ...) that knows the exit code, the time and the changed lines, and by the output that the model
read. The first that ends the call counts, mostly the event; the other is its copy. The output of a command that still
runs is a copy from the start: the event of its end, if it comes, counts.
"""

import re
from typing import NamedTuple

from agentobs.adapters._codex_calls import (
    CREATE,
    DELETE,
    EDITS,
    INVOCATION,
    SEARCH,
    WRITE,
    Edit,
    arguments,
    command_of,
    further_files,
    search_key,
    total,
)
from agentobs.adapters._codex_origin import CALLS, Call, Memory, begun
from agentobs.adapters._memory import remember
from agentobs.adapters._objects import Fields, flag, inner, items, named, number, text
from agentobs.adapters._shell import classify
from agentobs.adapters._text import clip, one_line, small_json
from agentobs.events import Event, EventType, Skip

_RESULT = EventType.TOOL_RESULT.value
_SEVERITIES = {"error": "error", "denied": "warning", "interrupted": "warning"}
_EXIT_CODE = re.compile(r"(?:Exit code: |.{0,400}?^Process exited with code )(-?\d{1,10})\b", re.DOTALL | re.MULTILINE)
_WALL_TIME = re.compile(r"^Wall time: (\d{1,9}(?:\.\d{1,9})?) seconds", re.MULTILINE)
_RUNNING = re.compile(r".{0,400}?^Process running with session ID", re.DOTALL | re.MULTILINE)
_DENIED = re.compile(r"(?:exec command |patch )?(?:rejected by user|denied)", re.IGNORECASE)
_INTERRUPTED = re.compile(r"aborted(?: by user)?\b|command was aborted", re.IGNORECASE)
_FAILED = re.compile(
    r"(?:patch rejected|execution error|failed |error:|err:|unsupported |apply_patch verification failed"
    r"|tool call error)",
    re.IGNORECASE,
)
_SUCCEEDED = ("Success. Updated", "Plan updated")
_CHANGES = {"add": CREATE, "update": WRITE, "delete": DELETE}
_HEAD = 2000
_ERROR_LENGTH = 200


class Outcome(NamedTuple):
    """What a result says of how its call ended; None: it does not say."""

    status: str | None = None
    exit_code: int | None = None
    duration_ms: float | None = None
    running: bool = False


def output(head: Event, payload: Fields, memory: Memory) -> list[Event] | list[Skip]:
    """Return the event of what a tool gave the model; in copied history none where the call ended already."""
    event = begun(head, 0, _RESULT, f"response_item/{text(payload, 'type')}")
    said = output_text(payload)
    known = _answered(event, named(payload, "call_id") or named(payload, "id"), memory)
    found = outcome_of(payload, said)
    event.status, event.exit_code, event.duration_ms = found.status, found.exit_code, found.duration_ms
    event.severity = _SEVERITIES.get(found.status or "", "info")
    event.tool_name = event.tool_name or named(payload, "name")
    second = _is_second(event, memory, ends=not found.running)
    if second and event.is_copy:
        return [Skip(head.offset, "copied_output_of_ended_call")]
    event.is_copy = event.is_copy or found.running or second
    if known is not None and known.type in EDITS and found.status == "ok":
        event.lines_added, event.lines_removed = known.added, known.removed
    if found.status not in (None, "ok"):
        event.summary = _first_line(said or "")
    return [event]


def ended(head: Event, payload: Fields, memory: Memory) -> list[Event]:
    """Return the events of the end of a call as the client saw it, one more for each further file of a patch."""
    kind = text(payload, "type") or ""
    event = begun(head, 0, _RESULT, f"event_msg/{kind}")
    if kind == "web_search_end" and (found := named(payload, "call_id")) is not None:
        remember(memory.searches, search_key(payload), found, 64)
    known = _answered(event, named(payload, "call_id", "callId", "id"), memory)
    edits = edits_of_changes(inner(payload, "changes")) if kind == "patch_apply_end" else []
    if known is None:
        _told(event, kind, payload, edits)
    second = _is_second(event, memory, ends=True)
    event.is_copy = event.is_copy or second
    event.status, event.exit_code = _status_of_end(payload), _whole(payload.get("exit_code"))
    event.duration_ms = _duration(payload)
    event.severity = _SEVERITIES.get(event.status or "", "info")
    event.data = _facts(payload, edits)
    if event.status not in (None, "ok"):
        failure = text(payload, "stderr", "aggregated_output", "stdout", "error") or _error_of(payload)
        event.summary = _first_line(failure or "")
    if not edits or event.status not in (None, "ok"):
        return [event]
    further = [] if known is not None else further_files(event, edits, f"event_msg/{kind}/file")
    for other in further:
        other.duration_ms = other.exit_code = other.call_type = None
    event.lines_added, event.lines_removed = total(edits, 2), total(edits, 3)
    return [event, *further]


def outcome_of(payload: Fields, said: str | None) -> Outcome:
    """Return how a call ended, from any of the forms in which outputs say it."""
    given = payload.get("output", payload.get("result"))
    structured = given if isinstance(given, dict) else arguments(given)
    if isinstance(structured.get("metadata"), dict) or "exitCode" in structured or "exit_code" in structured:
        meta = inner(structured, "metadata") or structured
        code = _whole(meta.get("exit_code", meta.get("exitCode")))
        seconds = number(meta, "duration_seconds", 1e9)
        return Outcome(_status_of_code(code), code, None if seconds is None else seconds * 1000)
    if (success := flag(structured, "success")) is not None:
        return Outcome("ok" if success else "error")
    beginning = (said or "")[:_HEAD]
    wall = _WALL_TIME.search(beginning)
    took = float(wall[1]) * 1000 if wall is not None else None
    if (exit_code := _EXIT_CODE.match(beginning)) is not None:
        code = _whole(int(exit_code[1]))
        return Outcome(_status_of_code(code), code, took)
    if _RUNNING.match(beginning):
        return Outcome(None, None, took, running=True)
    return Outcome(_status_of_text(beginning), None, took)


def output_text(payload: Fields) -> str | None:
    """Return the text of an output, whichever form it has."""
    given = payload.get("output", payload.get("result", payload.get("tools")))
    if isinstance(given, str):
        inside = arguments(given) if given.startswith('{"output"') else {}
        return text(inside, "output") or given
    if isinstance(given, dict):
        return text(given, "text", "output", "content", "stdout") or text(given, "stderr")
    parts = [part for part in given if isinstance(part, dict)] if isinstance(given, list) else []
    return "\n".join(text(part, "text") or f"[{text(part, 'type', 'name') or 'unknown'}]" for part in parts) or None


def edits_of_changes(changes: Fields) -> list[Edit]:
    """Return what `changes` of a patch_apply_end says of each file, in both of its forms."""
    edits = []
    for path, change in changes.items():
        if not isinstance(change, dict):
            continue
        form = next((name for name in _CHANGES if isinstance(change.get(name), dict)), None)
        told = change[form] if form else change
        kind = form or text(change, "type") or ""
        added, removed = _lines(kind, told)
        edits.append(Edit(_CHANGES.get(kind, WRITE), text(told, "move_path") or path, added, removed))
    return edits


def _lines(kind: str, change: Fields) -> tuple[int | None, int | None]:
    diff = text(change, "unified_diff")
    if diff is not None and diff.startswith(("@@", "---")):
        lines = diff.splitlines()
        body = [line for line in lines if not line.startswith(("+++ ", "--- "))] if diff.startswith("---") else lines
        return sum(line[:1] == "+" for line in body), sum(line[:1] == "-" for line in body)
    content = change.get("content")
    if isinstance(content, str) and kind in ("add", "delete"):
        number_of = len(content.splitlines())
        return (number_of, 0) if kind == "add" else (0, number_of)
    return None, None


def _answered(event: Event, call_id: str | None, memory: Memory) -> Call | None:
    event.role = "tool"
    event.tool_call_id = call_id
    known = memory.calls.get(call_id) if call_id is not None else None
    if known is not None:
        event.call_type, event.tool_name, event.file_path = known.type, known.tool, known.path
    return known


def _is_second(event: Event, memory: Memory, *, ends: bool) -> bool:
    key = event.tool_call_id
    if key is None or not ends:
        return False
    seen = key in memory.ended
    remember(memory.ended, key, 1, CALLS)
    return seen


def _told(event: Event, kind: str, payload: Fields, edits: list[Edit]) -> None:
    """Say of a call that stands nowhere else what its end says of it."""
    asked, invocation = {"command": payload.get("command")}, inner(payload, "invocation")
    event.call_type = INVOCATION
    if kind == "exec_command_end":
        command = command_of(asked)
        event.call_type, event.tool_name = classify(command or ""), "exec_command"
    elif edits:
        event.call_type, event.tool_name, event.file_path = edits[0].type, "apply_patch", clip(edits[0].path, 4096)
    elif kind == "web_search_end":
        event.call_type, event.tool_name = SEARCH, "web_search"
    elif invocation:
        names = (text(invocation, "server"), text(invocation, "tool"))
        event.tool_name = clip("__".join(name for name in names if name), 200)
    else:
        event.tool_name = named(payload, "tool") or kind.removesuffix("_end").removesuffix("_response")


def _status_of_end(payload: Fields) -> str | None:
    success, status, result = flag(payload, "success"), text(payload, "status"), inner(payload, "result")
    if status in ("declined", "denied", "rejected"):
        return "denied"
    if "Err" in result or flag(inner(result, "Ok"), "isError") or text(payload, "error"):
        return "error"
    if success is None and "exit_code" in payload:
        return _status_of_code(_whole(payload["exit_code"]))
    if success is not None:
        return "ok" if success else "error"
    known = status in ("completed", "success") or "Ok" in result or payload.get("type") == "web_search_end"
    return "error" if status in ("failed", "error") else "ok" if known else None


def _status_of_code(code: int | None) -> str | None:
    return None if code is None else "ok" if code == 0 else "error"


def _status_of_text(beginning: str) -> str | None:
    if _DENIED.match(beginning):
        return "denied"
    if _INTERRUPTED.match(beginning):
        return "interrupted"
    if _FAILED.match(beginning):
        return "error"
    return "ok" if beginning.startswith(_SUCCEEDED) else None


def _duration(payload: Fields) -> float | None:
    took = inner(payload, "duration")
    seconds, nanos = number(took, "secs", 1e9), number(took, "nanos", 1e9)
    if seconds is None and nanos is None:
        return number(payload, "duration_ms")
    return (seconds or 0) * 1000 + (nanos or 0) / 1e6


def _facts(payload: Fields, edits: list[Edit]) -> bytes | None:
    paths = [clip(edit.path, 300) for edit in edits[:20]] if len(edits) > 1 else None
    names = ("source", "new_thread_id", "receiver_thread_id", "query")
    return small_json({"files": paths, **{name: clip(text(payload, name), 300) for name in names}})


def _error_of(payload: Fields) -> str | None:
    result = inner(payload, "result")
    parts = items(inner(result, "Ok"), "content")
    said = [text(part, "text") for part in parts if isinstance(part, dict)]
    return text(result, "Err") or " ".join(word for word in said if word) or None


def _first_line(said: str) -> str | None:
    body = said[:_HEAD]
    if body.startswith(("Exit code:", "Chunk ID:", "Wall time:")):
        body = body.partition("Output:\n")[2]
    return one_line(body.lstrip().partition("\n")[0], _ERROR_LENGTH)


def _whole(value: object) -> int | None:
    whole = value if isinstance(value, int) and not isinstance(value, bool) else None
    return whole if whole is not None and -(2**31) <= whole <= 2**32 else None
