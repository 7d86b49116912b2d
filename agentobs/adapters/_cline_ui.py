"""Rows of ui_messages.json: what Cline and Roo Code say and ask in their window, as events."""

from typing import Any

from agentobs.adapters import _shell
from agentobs.adapters._cline_records import Task, digest_of, new_event, time_of
from agentobs.adapters._cline_tools import kind_of, path_of, target_of
from agentobs.adapters._text import clip, one_line, short_id, small_json
from agentobs.adapters._whole_document import Record, count, inside, nested, number, text
from agentobs.events import Event, EventType, Item, Skip, Usage

_PROMPTS = ("say/task", "say/user_feedback", "say/user_feedback_diff")
_ANSWERS = (
    "say/text", "say/reasoning", "say/completion_result", "ask/followup", "ask/plan_mode_respond", "say/plan_text",
)  # fmt: skip
_ERRORS = (
    "say/error", "say/diff_error", "say/error_retry", "say/clineignore_error", "say/rooignore_error", "say/mcp_error",
    "ask/api_req_failed", "ask/mistake_limit_reached", "say/shell_integration_warning",
)  # fmt: skip
_SWITCHES = (
    "say/condense_context", "ask/condense", "ask/summarize_task", "ask/new_task", "ask/resume_task",
    "ask/resume_completed_task", "say/condense_context_error", "say/sliding_window_truncation",
    "say/deleted_api_reqs",  # tokens of rows that were taken back; they counted while the rows were there
)  # fmt: skip
_RESULTS = (
    "say/command_output", "ask/command_output", "say/mcp_server_response", "say/browser_action_result",
    "say/codebase_search_result",
)  # fmt: skip
_CALLS = (
    "say/command", "ask/command", "say/tool", "ask/tool", "say/use_mcp_server", "ask/use_mcp_server",
    "ask/browser_action_launch", "say/browser_action_launch", "say/browser_action",
)  # fmt: skip
_COMPACTIONS = ("say/condense_context", "ask/condense", "ask/summarize_task")
_SKIPPED = (
    "say/task_progress", "say/checkpoint_created", "say/checkpoint_saved", "say/mcp_server_request_started",
    "ask/completion_result", "say/api_req_finished", "say/api_req_retried", "say/api_req_deleted",
    "say/load_mcp_documentation", "ask/auto_approval_max_req_reached", "say/info",
)  # fmt: skip
_APPROVAL = "REQ_APP"  # ends a command that waited for a person


def ui_item(record: Record, place: int, task: Task, *, is_last: bool) -> Item:
    """Return what a row of the window is."""
    value = record.value
    kind = _kind(value)
    if is_last and value.get("partial") is True:
        return Skip(place, "still_written")
    when = time_of(record, task)
    if kind in _SKIPPED:
        return Skip(place, kind)
    task.model = short_id(text(inside(value, "modelInfo", "modelId"))) or task.model
    theirs = record.original
    digest = digest_of(_kind(theirs), theirs.get("text"), theirs.get("reasoning"), theirs.get("contextCondense"))
    place_in_time = f"{when.ts}:{_kind(theirs)}"
    occurrence = task.occurrence(place_in_time)
    event = new_event(record, task, when, place, task.key, place_in_time, occurrence, digest=digest)
    event.native_type = clip(kind, 200)
    event.native_id = str(when.ts // 1000) if when.quality == "exact" else None
    event.provider = short_id(text(inside(value, "modelInfo", "providerId")))
    _fill(event, kind, value, task, f"cline:{task.key}:{when.ts // 1000}:{kind}:{occurrence}")
    return event


def _kind(value: dict[str, Any]) -> str:
    kind = text(value.get("type")) or "untyped"
    return short_id(f"{kind}/{text(value.get(kind)) or 'untyped'}") or kind


def _fill(event: Event, kind: str, value: dict[str, Any], task: Task, own: str) -> None:
    said = text(value.get("text"))
    is_first = event.offset == 0
    if kind in _PROMPTS or (is_first and kind == "say/text"):
        event.type, event.role, event.summary = EventType.USER_INTERACTION.value, "user", one_line(said)
    elif kind == "say/api_req_started":
        _request(event, nested(said), task, own)
    elif kind in _ANSWERS:
        event.type, event.role, event.model = EventType.LLM_RESPONSE.value, "assistant", task.model
        event.summary = one_line(text(nested(said).get("question")) or text(nested(said).get("response")) or said)
    elif kind in _CALLS:
        _call(event, kind, said, task, own)
    elif kind in _RESULTS:
        _result(event, task, said)
    elif kind in _ERRORS:
        event.type, event.severity, event.summary = EventType.ERROR_ENCOUNTERED.value, "error", one_line(said)
    elif kind == "say/subagent_usage":  # the sum of a batch of subagents, whose requests stand nowhere else
        event.type = EventType.CONTEXT_SWITCH.value
        _count(event, nested(said), own)
        event.basis = event.basis and "reported"
    elif kind in _SWITCHES:
        event.type = EventType.CONTEXT_SWITCH.value
        event.native_type = f"{kind}/compact_boundary" if kind in _COMPACTIONS else kind
        event.summary = one_line(text(inside(value, "contextCondense", "summary")) or said)


def _call(event: Event, kind: str, said: str | None, task: Task, own: str) -> None:
    given = nested(said)
    event.type, event.role, event.tool_call_id = EventType.TOOL_INVOCATION.value, "assistant", own
    event.model = task.model
    if kind in ("say/command", "ask/command"):
        command = (said or "").removesuffix(_APPROVAL).rstrip()
        event.tool_name, event.type, event.summary = "execute_command", _shell.classify(command), one_line(command)
    elif kind in ("say/tool", "ask/tool"):
        event.tool_name = short_id(text(given.get("tool")))
        event.type, event.file_path = kind_of(event.tool_name, given), clip(path_of(given), 4096)
        event.summary = one_line(target_of(given))
    elif kind in ("ask/use_mcp_server", "say/use_mcp_server"):
        server, tool = text(given.get("serverName")), text(given.get("toolName")) or text(given.get("uri"))
        event.tool_name, event.summary = short_id(f"mcp__{server}__{tool}"), one_line(text(given.get("arguments")))
    else:
        event.tool_name, event.summary = "browser_action", one_line(said)
    task.call = event


def _result(event: Event, task: Task, said: str | None) -> None:
    event.type, event.role = EventType.TOOL_RESULT.value, "tool"
    event.summary = one_line(said)
    if task.call is not None:
        event.tool_call_id, event.tool_name = task.call.tool_call_id, task.call.tool_name
        event.call_type, event.file_path = task.call.type, task.call.file_path


def _request(event: Event, given: dict[str, Any], task: Task, own: str) -> None:
    """A request and, once its response is there, the response's tokens."""
    task.learn(text(given.get("request")) or "")
    event.type, event.role = EventType.LLM_REQUEST.value, "assistant"
    event.model, event.working_directory = task.model, clip(task.working_directory, 4096)
    cancelled = text(given.get("cancelReason"))
    if cancelled is not None:
        event.severity = "warning"
        event.summary = one_line(text(given.get("streamingFailedMessage")) or cancelled)
    event.data = small_json(
        {"api_protocol": clip(text(given.get("apiProtocol")), 40), "cancel_reason": clip(cancelled, 100)}
    )
    _count(event, given, own)


def _count(event: Event, given: dict[str, Any], own: str) -> None:
    event.reported_cost_usd = number(given.get("cost")) or None  # 0 stands where no price was known
    found = _usage(given)
    if found is not None:
        event.usage, event.basis = found
        event.usage_key = own


def _usage(given: dict[str, Any]) -> tuple[Usage, str] | None:
    """Return a response's tokens, and how sure it is that they are told apart from the cached ones.

    Cline leaves the cache out of tokensIn, Roo Code has it inside with OpenAI's protocol. Where no protocol stands, it
    is out: certain where nothing was cached or more was cached than came in, else an estimate.
    """
    tokens, output = count(given.get("tokensIn")), count(given.get("tokensOut"))
    if not tokens and not output:
        return None
    read, write = count(given.get("cacheReads")), count(given.get("cacheWrites"))
    cached = (read or 0) + (write or 0)
    is_inside = given.get("apiProtocol") == "openai"
    if tokens is not None and is_inside and tokens >= cached:
        tokens -= cached
    sure = cached == 0 or is_inside or cached > (tokens or 0)
    usage = Usage(input_tokens=tokens, output_tokens=output, cache_read_tokens=read, cache_write_5m_tokens=write)
    return usage, "measured" if sure else "estimated"
