"""Codex rollouts: ~/.codex/sessions/<year>/<month>/<day>/rollout-*.jsonl, and archived ones.

The session comes from `session_meta`; a file may begin with the copied history of another session (see _codex_origin).
The model stands in `turn_context` only and is remembered. Records have no id: an event is named after its session,
time, content and occurrence.

    session_meta                        session_start; context_switch when the session is taken up again
    turn_context                        context_switch where model, effort or approval change, else skipped
    response_item/message, assistant    llm_response;  user, developer  user_interaction, role system (see
                                        _codex_messages)
    response_item/reasoning             llm_response
    response_item/*_call                by tool, see _codex_calls
    response_item/*_output              tool_result
    event_msg/user_message              user_interaction, role user
    event_msg/*_end                     tool_result: what the client saw of a call, see _codex_results
    event_msg/token_count, token_usage_record  llm_request with the tokens of one response, see _codex_messages
    event_msg/error, /stream_error      error_encountered;  /turn_aborted  user_interaction, role system, interrupted
    compacted                           context_switch
    what repeats those, and states      skipped under their own name, see _codex_notes.SKIPPED
    anything else                       unknown, with its record
"""

from collections.abc import Iterable, Iterator, Sequence

from agentobs.adapters import _codex_calls, _codex_messages, _codex_notes, _codex_results
from agentobs.adapters._base import Adapter, Fidelity
from agentobs.adapters._codex_content import content
from agentobs.adapters._codex_detection import detect
from agentobs.adapters._codex_origin import NAME, Entry, Memory, enter, entry_of, head_of, leave, time_of
from agentobs.adapters._objects import inner, read_object, text
from agentobs.events import Event, Item, Line, Reject, Skip

_CALLS = frozenset(
    "function_call custom_tool_call local_shell_call web_search_call tool_search_call image_generation_call"
    " tool_call".split()
)
_OUTPUTS = frozenset(
    "function_call_output custom_tool_call_output tool_search_output tool_result function_result".split()
)
_ENDS = frozenset(
    "exec_command_end patch_apply_end mcp_tool_call_end web_search_end image_generation_end dynamic_tool_call_response"
    " collab_agent_spawn_end collab_agent_interaction_end collab_waiting_end collab_close_end".split()
)


def parse(lines: Iterable[Line], memory: Memory) -> Iterator[Item]:
    """Yield the events of a rollout, in file order."""
    for offset, line, original in lines:
        if not line or line.isspace():
            yield Skip(offset, "blank")
            continue
        found = read_object(line)
        if isinstance(found, str):
            yield Reject(offset, found, line)
            continue
        entry = entry_of(found.fields)
        when = time_of(entry, memory)
        how = enter(memory, entry.payload, when[0]) if entry.kind == "session_meta" else ""
        entry.own = how in ("started", "resumed")
        if not how and len(memory.sessions) > 1:
            leave(memory, entry.payload, when[0])
        head = head_of(found, entry, when, (offset, original), memory)
        if how:
            yield _codex_notes.session_meta(head, entry.payload, how)
        else:
            yield from _items(head, entry, memory)


def _items(head: Event, entry: Entry, memory: Memory) -> Sequence[Item]:
    payload, kind = entry.payload, text(entry.payload, "type") or "untyped"
    found: Sequence[Item] | None = None
    if entry.kind == "response_item":
        if kind == "message":
            found = [_codex_messages.message(head, payload, memory, bare=entry.bare)]
        elif kind == "reasoning":
            found = [_codex_messages.reasoning(head, payload, memory)]
        elif kind in _CALLS:
            found = _codex_calls.call(head, payload, memory)
        elif kind in _OUTPUTS:
            found = _codex_results.output(head, payload, memory)
    elif entry.kind == "event_msg":
        found = _of_event(head, entry, kind, memory)
    elif entry.kind == "turn_context":
        found = [_codex_notes.turn_context(head, payload, memory)]
    elif entry.kind == "token_usage_record":
        found = _codex_messages.recorded(head, payload, memory)
    elif entry.kind == "compacted":
        found = [_codex_notes.compacted(head, payload)]
    return [_codex_notes.other(head, entry, kind)] if found is None else found


def _of_event(head: Event, entry: Entry, kind: str, memory: Memory) -> Sequence[Item]:
    payload = entry.payload
    if kind in _ENDS:
        return _codex_results.ended(head, payload, memory)
    if kind == "token_count":
        return _codex_messages.used(head, payload, memory)
    item = inner(payload, "item")
    if kind == "user_message" or (kind == "item_completed" and item.get("type") == "UserMessage"):
        said = text(payload, "message") if kind == "user_message" else _codex_messages.content_text(item)
        event = _codex_messages.prompt(head, kind, said, payload, memory)
        return [Skip(head.offset, "prompt_repeated")] if event is None else [event]
    if kind == "item_completed":
        if item.get("type") == "Plan":
            return [_codex_messages.plan(head, item, memory)]
        return [Skip(head.offset, "event_msg/item_completed")]
    return [_codex_notes.other(head, entry, kind)]


ADAPTER = Adapter(
    name=NAME,
    title="Codex CLI",
    locations=(".codex/sessions/*/*/*/*.jsonl", ".codex/archived_sessions/*.jsonl"),
    patterns=("*.jsonl",),
    detect=detect,
    parse=parse,
    content=content,
    memory=Memory,
    fidelity=Fidelity(
        times=True,
        model=True,
        tokens=True,
        cost=False,
        outcomes=True,
        threads=False,
        subagents=True,
        edits=True,
        version=True,
        basis="real files",
    ),
)
