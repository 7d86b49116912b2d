"""mini-swe-agent trajectories: `*.traj.json`, a JSON document that is rewritten after each step.

    [message]                                                       the oldest form
    {info, messages: [message], trajectory_format, instance_id?}    versions 1 and 2

A run has no id of its own; its session is named after what it begins with (task, first answer). Newer versions give
messages a time, a cost and the model's whole response in `extra`: usage is then measured, per response. Where no
message has a time, an event's is events.EARLIEST plus a millisecond for each event before it, quality `none`.

    config of info                    session_start
    the first user message            user_interaction, role user: the task in its template
    assistant, or a dumped response   llm_response, then a call for each command, by what the command does
    user or tool after a call         tool_result: return code and output
    user, interrupt_type User...      user_interaction, role user: a person stepped in
    user after an answer without one  error_encountered: the answer had no command, or the model failed
    info with an exit_status          session_end (where there is none, the message of role exit)
    the system prompt                 skipped
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from agentobs.adapters._base import Adapter, Fidelity, NoMemory
from agentobs.adapters._document_events import Maker, documents
from agentobs.adapters._mini_swe_agent_records import (
    Command,
    Run,
    commands_of,
    content,
    observed,
    run_of,
    said_in,
    usage_of,
)
from agentobs.adapters._shell import classify
from agentobs.adapters._text import one_line, short_id, small_json
from agentobs.adapters._whole_document import Document, Record, count, inside, number, text
from agentobs.events import Event, EventType, Item, Line

NAME = "mini_swe_agent"
TOOL = "bash"

_RETURN_CODE = re.compile(
    r"\s*(?:<exception>.{0,2000}?</exception>\s*)?<returncode>(-?\d{1,10})</returncode>", re.DOTALL
)
_TIMED_OUT = re.compile(r"\s*The last command <command>.{0,20000}?</command> timed out", re.DOTALL)


_SEVERITIES = {"error": "error", "interrupted": "warning"}


class _Events(Maker):
    """Makes the events of one run: dates them, remembers the calls that wait for a result."""

    def __init__(self, run: Run) -> None:
        super().__init__(NAME, run.session_id)
        self.run = run
        self.waiting: list[tuple[str, str]] = []  # (call id, type)
        self.asked = False
        self.ended = False
        self._made = 0

    def begin(self, found: Record, place: int | None) -> None:
        """Begin the record of a message, or (None) of what stands behind the last one."""
        self.start(found)
        self._place = place

    def event(self, kind: str, native_type: str, **fields: Any) -> Event:
        run = self.run
        when = run.time_of(self._place, self._made)
        self._made += 1
        common = {"agent_version": run.version, "working_directory": run.directory}
        return self.make(kind, native_type, when, (run.key, str(self.offset)), **common, **fields)


def parse(lines: Iterable[Line], memory: NoMemory) -> Iterator[Item]:
    """Yield the events of a trajectory, in order."""
    return documents(lines, _items)


def _items(document: Document) -> Iterator[Item] | str:
    run = run_of(document)
    return run if isinstance(run, str) else _run(run)


def _run(run: Run) -> Iterator[Item]:
    events = _Events(run)
    if run.head is not None:
        events.begin(run.head, 0)
        yield events.event(
            EventType.SESSION_START, "config", data=small_json({"instance": run.instance, "model": run.model})
        )
    for place, message in enumerate(run.messages):
        yield from _message(events, message, place)
    if run.info is not None:
        yield _end(events, run.info)
    if events.offset < 0:
        yield events.skip("empty")


def _message(events: _Events, message: Record, place: int) -> Iterator[Item]:
    value = message.value
    role, extra = value.get("role"), value.get("extra")
    interrupt = text(inside(extra, "interrupt_type")) or ""
    if role == "system":
        yield events.skip("message/system_prompt")
        return
    if role == "exit" and events.run.has_ended:
        yield events.skip("message/exit")
        return
    events.begin(message, place)
    if role == "assistant" or value.get("object") == "response":
        yield from _answer(events, message, place)
    elif role == "exit":
        yield events.event(EventType.SESSION_END, "message/exit", summary=one_line(text(inside(extra, "exit_status"))))
    elif not events.asked or interrupt.startswith("User"):
        events.asked = True
        yield events.event(EventType.USER_INTERACTION, "message/user", role="user", summary=one_line(said_in(value)))
    elif events.waiting and not interrupt:
        yield _result(events, value)
    elif role in ("user", "tool"):
        yield events.event(
            EventType.ERROR_ENCOUNTERED,
            "message/format_error" if interrupt in ("", "FormatError") else "message/interrupt",
            role="system",
            severity="warning",
            summary=one_line(said_in(value)),
        )
    else:
        yield events.event(EventType.UNKNOWN, f"message/{one_line(text(role), 60) or 'unknown'}")


def _answer(events: _Events, message: Record, place: int) -> Iterator[Event]:
    value, run = message.value, events.run
    response = inside(value, "extra", "response")
    response = response if isinstance(response, dict) else value
    model = short_id(text(inside(response, "model"))) or run.model
    usage = usage_of(inside(response, "usage"))
    answer_id = short_id(text(inside(response, "id")))
    events.waiting = []
    yield events.event(
        EventType.LLM_RESPONSE,
        "message/assistant",
        role="assistant",
        model=model,
        native_id=answer_id,
        usage=usage,
        usage_key=None if usage is None else _usage_key(run, answer_id, place),
        basis=None if usage is None else "measured",
        reported_cost_usd=number(inside(value, "extra", "cost")),
        summary=one_line(said_in(value)),
    )
    for number_of_command, command in enumerate(commands_of(value)):
        yield _call(events, command, f"{place}.{number_of_command}-{message.digest & 0xFFFFFFFF:08x}", model)


def _usage_key(run: Run, answer_id: str | None, place: int) -> str:
    """Ids of hosted models are unique everywhere; a short one is so only in its run."""
    return answer_id if answer_id is not None and len(answer_id) >= 20 else f"{NAME}:{run.key}:{answer_id or place}"


def _call(events: _Events, command: Command, own_id: str, model: str | None) -> Event:
    call_id = short_id(command.call_id) or own_id
    kind = classify(command.text.strip())
    events.waiting.append((call_id, kind))
    return events.event(
        kind,
        "message/command",
        role="assistant",
        model=model,
        tool_name=TOOL,
        tool_call_id=call_id,
        summary=one_line(command.text),
    )


def _result(events: _Events, value: dict[str, Any]) -> Event:
    named = short_id(text(value.get("tool_call_id")) or text(value.get("call_id")))
    waiting = dict(events.waiting)
    call_id = named if named in waiting else events.waiting[0][0]
    kind = waiting[call_id]
    events.waiting = [one for one in events.waiting if one[0] != call_id]
    output = observed(value)
    code = inside(value, "extra", "returncode")
    if not isinstance(code, int) or isinstance(code, bool) or not -(2**31) <= code < 2**32:
        found = _RETURN_CODE.match(output)
        code = int(found[1]) if found and -(2**31) <= int(found[1]) < 2**32 else None
    status = _status(inside(value, "extra", "exception_info"), code, output)
    return events.event(
        EventType.TOOL_RESULT,
        "message/observation",
        role="tool",
        tool_name=TOOL,
        call_type=kind,
        tool_call_id=call_id,
        status=status,
        exit_code=code,
        severity=_SEVERITIES.get(status or "", "info"),
        summary=one_line(_first_line(output), 200) if status == "error" else None,
    )


def _status(exception: object, code: int | None, output: str) -> str | None:
    if exception == "action was not executed":
        return "interrupted"
    if exception or code or (code is None and _TIMED_OUT.match(output)):
        return "error"
    return "ok" if code == 0 else None


def _end(events: _Events, info: Record) -> Event:
    status = text(info.value.get("exit_status"))
    stats = info.value.get("model_stats")
    cost = number(inside(stats, "instance_cost"))
    events.begin(info, None)
    return events.event(
        EventType.SESSION_END if status else EventType.LLM_REQUEST,
        "info",
        reported_cost_usd=None if events.run.has_costs else cost,
        severity="info" if status in (None, "Submitted") else "warning",
        summary=one_line(status),
        data=small_json(
            {
                "exit_status": one_line(status),
                "submitted": bool(text(info.value.get("submission"))),
                "api_calls": count(inside(stats, "api_calls")),
                "cost_usd": cost,
            }
        ),
    )


def _first_line(output: str) -> str:
    start = _RETURN_CODE.match(output)
    return output[start.end() if start is not None else 0 :].replace("<output>", "", 1).lstrip()


def detect(head: bytes) -> float:
    """Return how sure it is that a file is a trajectory: it says so, or it is a list of messages with its commands."""
    start = head.lstrip()[:1]
    if start == b"{":
        if b'"trajectory_format": "mini-swe-agent' in head or b'"trajectory_format":"mini-swe-agent' in head:
            return 0.95
        return 0.9 if b'"mini_version"' in head and b'"model_stats"' in head else 0.0
    if start == b"[" and _LIST(head) and (b"```mswea_bash_command" in head or b"<returncode>" in head):
        return 0.9
    return 0.0


_LIST = re.compile(rb'\s*\[\s*\{\s*"(?:role"\s*:\s*"system"|content"\s*:)').match

ADAPTER = Adapter(
    name=NAME,
    title="mini-swe-agent",
    locations=(
        ".config/mini-swe-agent/**/*.traj.json",
        "Library/Application Support/mini-swe-agent/**/*.traj.json",
    ),
    patterns=("*.traj.json",),
    detect=detect,
    parse=parse,
    content=content,
    whole=True,
    fidelity=Fidelity(
        times=True,
        model=True,
        tokens=True,
        cost=True,
        outcomes=True,
        threads=False,
        subagents=False,
        edits=False,
        version=True,
        basis="real files of the oldest form; https://github.com/SWE-agent/mini-swe-agent for versions 1 and 2",
    ),
)
