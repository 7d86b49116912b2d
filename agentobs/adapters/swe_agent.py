"""SWE-agent trajectories: one `<instance>.traj` a run, a JSON document that is rewritten after each step.

    {environment, trajectory: [step], history: [message], info, replay_config?}

The format knows no times: an event's is events.EARLIEST plus a millisecond for each event before it, quality `none`.
Neither a run nor its model has an id in the file; a session is named after what a run begins with (task, first step).
Tokens and cost stand once, for the run as a whole (`info.model_stats`): one usage of basis `reported`. `total_cost`
there grows over a whole batch of runs, so the cost of the run is `instance_cost`.

    replay_config, environment        session_start
    history, before the first answer  user_interaction, role user: the task; prompt and demonstrations skipped
    trajectory, a step                llm_response, then the call by what its action does, then its tool_result
    trajectory, exit_cost, ...        error_encountered: SWE-agent ended the run, no model spoke
    info                              session_end with the run's usage; llm_request while the run is not over
    history, the rest                 skipped: the trajectory says the same; a file without one is read from it
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from agentobs.adapters._base import Adapter, Fidelity, NoMemory
from agentobs.adapters._document_events import Maker, documents
from agentobs.adapters._swe_agent_actions import Action, action_of, changed_lines, status_of
from agentobs.adapters._swe_agent_records import Run, content, run_of, steps_of
from agentobs.adapters._text import one_line, short_id, small_json
from agentobs.adapters._whole_document import Document, Record, count, inside, nested, number, text
from agentobs.events import EARLIEST, Event, EventType, Item, Line, Stamp, Usage, clean_text

NAME = "swe_agent"

_HAS_STEPS = re.compile(
    rb'"trajectory"\s*:\s*\[\s*\{\s*"(?:action|observation|response|thought|state|execution_time|messages|query)"'
).search
_HAS_HISTORY = re.compile(
    rb'\s*\{\s*(?:"environment"[^{}\[\]]*|"trajectory"\s*:\s*\[\s*\]\s*,\s*)*"history"\s*:\s*\['
).match
_MILLISECOND = 1000
_MOST_EVENTS = 10_000_000  # keeps the made-up times inside the range that events may have
_SEVERITIES = {"error": "error", "denied": "warning"}


class _Events(Maker):
    """Makes the events of one run; counts the milliseconds that stand for their order."""

    def __init__(self, run: Run) -> None:
        super().__init__(NAME, run.session_id)
        self.run = run
        self._made = 0

    def event(self, kind: str, native_type: str, **fields: Any) -> Event:
        when = Stamp(EARLIEST + min(self._made, _MOST_EVENTS) * _MILLISECOND, "none")
        self._made += 1
        return self.make(kind, native_type, when, (self.run.key,), **fields)


def parse(lines: Iterable[Line], memory: NoMemory) -> Iterator[Item]:
    """Yield the events of a trajectory, in order."""
    return documents(lines, _items)


def _items(document: Document) -> Iterator[Item] | str:
    return _run(run_of(document)) if isinstance(document.value, dict) else "no trajectory: not an object"


def _run(run: Run) -> Iterator[Item]:
    events = _Events(run)
    yield _start(events)
    yield from _opening(events)
    steps, behind = steps_of(run)
    for number_of_step, step in enumerate(steps):
        yield from _step(events, step, number_of_step)
    if run.info is not None:
        yield _end(events, run.info)
    for reason in behind:
        yield events.skip(reason)


def _start(events: _Events) -> Event:
    run = events.run
    events.start(run.head)
    config = run.config
    return events.event(
        EventType.SESSION_START,
        "environment",
        summary=one_line(run.instance),
        commit=short_id(text(inside(config, "env", "repo", "base_commit"))),
        data=small_json(
            {
                "instance": one_line(run.instance),
                "environment": one_line(text(run.head.value.get("environment"))),
                "model": run.model,
            }
        ),
    )


def _opening(events: _Events) -> Iterator[Item]:
    for message in events.run.opening:
        role = message.value.get("role")
        said = _message_text(message.value)
        if message.value.get("is_demo"):
            yield events.skip("history/demonstration")
        elif role == "user" and said:
            events.start(message)
            yield events.event(EventType.USER_INTERACTION, "history/user", role="user", summary=one_line(said))
        else:
            yield events.skip("history/system_prompt" if role == "system" else "history/opening")


def _step(events: _Events, step: Record, place: int) -> Iterator[Item]:
    value = step.value
    state = nested(value.get("state"))
    directory = _path(state.get("working_dir"))
    command = text(value.get("action"))
    events.start(step)
    action = None if command is None else action_of(command, directory, _path(state.get("open_file")))
    if action is not None and action.is_exit:
        yield events.event(
            EventType.ERROR_ENCOUNTERED, "trajectory/exit", severity="error", summary=one_line(action.name)
        )
        return
    said = text(value.get("thought")) or text(value.get("response"))
    common: dict[str, Any] = {"working_directory": directory, "model": events.run.model}
    yield events.event(
        EventType.LLM_RESPONSE, "trajectory/response", role="assistant", summary=one_line(said), **common
    )
    if action is not None:
        call_id = f"{place}-{step.digest & 0xFFFFFFFF:08x}"
        yield events.event(
            action.type,
            "trajectory/action",
            role="assistant",
            tool_name=action.name,
            tool_call_id=call_id,
            file_path=action.path,
            summary=one_line(action.target),
            **common,
        )
        yield _result(events, value, action, call_id, directory)


def _result(events: _Events, value: dict[str, Any], action: Action, call_id: str, directory: str | None) -> Event:
    seconds = number(value.get("execution_time"))
    observed = text(value.get("observation")) or ""
    status = status_of(action, observed)
    added, removed = changed_lines(action, observed) if status in (None, "ok") else (None, None)
    return events.event(
        EventType.TOOL_RESULT,
        "trajectory/observation",
        role="tool",
        severity=_SEVERITIES.get(status or "", "info"),
        status=status,
        tool_name=action.name,
        call_type=str(action.type),
        tool_call_id=call_id,
        file_path=action.path,
        working_directory=directory,
        duration_ms=None if seconds is None else seconds * 1000,
        lines_added=added,
        lines_removed=removed,
        summary=one_line(observed, 200) if status in _SEVERITIES else None,
    )


def _end(events: _Events, info: Record) -> Event:
    stats = inside(info.value, "model_stats")
    status = text(info.value.get("exit_status"))
    sent, received = count(inside(stats, "tokens_sent")), count(inside(stats, "tokens_received"))
    usage = Usage(input_tokens=sent, output_tokens=received) if sent or received else None
    events.start(info)
    return events.event(
        EventType.SESSION_END if status else EventType.LLM_REQUEST,
        "info",
        model=events.run.model if usage is not None else None,
        usage=usage,
        usage_key=None if usage is None else f"{NAME}:{events.run.key}:model_stats",
        basis=None if usage is None else "reported",
        reported_cost_usd=number(inside(stats, "instance_cost")),
        summary=one_line(status),
        severity="info" if status is None or status.startswith("submitted") else "warning",
        data=small_json(
            {
                "exit_status": one_line(status),
                "submitted": bool(text(info.value.get("submission"))),
                "api_calls": count(inside(stats, "api_calls")),
                "batch_cost_usd": number(inside(stats, "total_cost")),
            }
        ),
    )


def _message_text(message: dict[str, Any]) -> str | None:
    """Return what a message of the history says."""
    said = message.get("content")
    if isinstance(said, list):
        parts = [part.get("text") for part in said if isinstance(part, dict)]
        return "\n".join([part for part in parts if isinstance(part, str)]) or None
    return text(said)


def _path(value: object) -> str | None:
    path = text(value)
    return clean_text(path) if path is not None and path != "n/a" and len(path) <= 4096 else None


def detect(head: bytes) -> float:
    """Return how sure it is that a file is a trajectory, by the names of its parts."""
    if not head.lstrip().startswith(b"{"):
        return 0.0
    if _HAS_STEPS(head):
        return 0.95
    return 0.8 if _HAS_HISTORY(head) and b'"agent"' in head and b'"role"' in head else 0.0


ADAPTER = Adapter(
    name=NAME,
    title="SWE-agent",
    locations=(),
    patterns=("*.traj",),
    detect=detect,
    parse=parse,
    content=content,
    whole=True,
    fidelity=Fidelity(
        times=False,
        model=False,
        tokens=True,
        cost=True,
        outcomes=False,
        threads=False,
        subagents=False,
        edits=True,
        version=False,
        basis="real files",
    ),
)
