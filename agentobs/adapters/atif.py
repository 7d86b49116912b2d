"""ATIF, the Agent Trajectory Interchange Format of Harbor: trajectory.json, v1.0 to v1.7 and later minors.

ATIF is a container: another agent's session, converted. The agent of the events is `atif`, so that they never merge
with the session that the agent itself kept; `agent_version` names the agent and its version. One document is a session;
its continuation in another file (`-cont-1`) belongs to the same one; an embedded subagent is a child session, as are
those of the bundles that VS Code's Copilot Chat exports.

Tokens are those of the steps: `prompt_tokens` includes cached ones and (in `extra`) what was written to the cache; here
input excludes both. `final_metrics` repeats them and may include those of subagents: it counts only where no step tells
any (basis `reported`). A copied step (`is_copied_context`) is the same event as its original where it says the same.

    document            session_start;  final_metrics or a continuation at its end: session_end, context_switch
    step user           user_interaction, role user; of a subagent role system
    step system         user_interaction, role system; one that manages the context: context_switch
    step agent          llm_response (none where llm_call_count is 0), each tool call by what it does
    observation         tool_result
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from agentobs.adapters._atif_records import END, HEADER, NAME, Piece, event_of, pieces, time_of
from agentobs.adapters._atif_steps import said, step_events, words
from agentobs.adapters._atif_tools import asked_of, command_of
from agentobs.adapters._atif_usage import usage_of
from agentobs.adapters._base import Adapter, Fidelity, NoMemory
from agentobs.adapters._text import clip, one_line, small_json
from agentobs.adapters._whole_document import Document, count, encode, inside, number, read_document, read_value, text
from agentobs.events import Event, EventType, Item, Line, Reject

_VERSION = re.compile(rb'"schema_version"\s*:\s*"(?:(?:ATIF|atif)[-_ ]?v?\d|VSCode-Copilot-TrajectoryBundle)')
_STEP = re.compile(rb'"step_id"\s*:\s*\d+')
_SOURCE = re.compile(rb'"source"\s*:\s*"(?:user|agent|system)"')
_SPOKEN = re.compile(rb'"message"\s*:\s*["\[]')
_HEAD_OF_REJECT = 65_536
_DEEPEST = 8


class Found(NamedTuple):
    """A trajectory of a file, or why there is none; and whose subagent it is, where the file says so."""

    document: Document | str
    raw: bytes
    root: str | None = None


def parse(lines: Iterable[Line], memory: NoMemory) -> Iterator[Item]:
    """Yield the events of a document, of a list or a bundle of them, or of lines of them."""
    for line in lines:
        place = 0
        for found, raw, root in _documents(line):
            if isinstance(found, str):
                yield Reject(place, found, raw[:_HEAD_OF_REJECT], size_bytes=len(raw))
                place += 1
                continue
            counted = not _tells_tokens(found.value)
            for piece in pieces(found.value, found.original, place, root, sanitised=found.sanitised):
                yield from _events(piece, counted=counted)
                if piece.kind == END and piece.run.root == root and usage_of(piece.record.value.get("final_metrics")):
                    counted = False  # they may include the subagents'
                place = piece.place + 1


def _documents(line: Line) -> Iterator[Found]:
    _, redacted, original = line
    found = read_document(line)
    if isinstance(found, str) and b"\n" in redacted.strip():
        ours, theirs = redacted.split(b"\n"), original.split(b"\n")
        theirs = theirs if len(theirs) == len(ours) else ours
        parts = [(one, read_document((0, one, other))) for one, other in zip(ours, theirs, strict=True) if one.strip()]
        if any(isinstance(part, Document) and _is_trajectory(part.value) for _, part in parts):
            for raw, part in parts:
                yield from _checked(part, raw)
            return
    yield from _checked(found, redacted)


def _checked(found: Document | str, raw: bytes) -> Iterator[Found]:
    if isinstance(found, str):
        yield Found(found, raw)
        return
    value, original = found.value, found.original
    bundle = inside(value, "trajectories_by_id")
    if isinstance(bundle, dict):  # of VS Code: a main trajectory and those of its subagents
        others, main = inside(original, "trajectories_by_id"), text(value.get("root_session_id"))
        for (name, one), other in zip(bundle.items(), _values(others, bundle), strict=True):
            root = None if main is None or name == main else f"{NAME}:{main}"
            for part in _checked(Document(one, other, found.sanitised), encode(one)):
                yield part._replace(root=root)
    elif isinstance(value, list):
        for one, other in zip(value, _values(original, value), strict=True):
            yield from _checked(Document(one, other, found.sanitised), encode(one))
    else:
        yield Found(found if _is_trajectory(value) else "no trajectory: steps are missing", raw)


def _values(original: Any, value: Any) -> list[Any]:
    """Return the parts of the original, if they are those of the redacted copy; else the copy's."""
    same = type(original) is type(value) and len(original) == len(value)
    parts = original if same else value
    return list(parts.values()) if isinstance(parts, dict) else list(parts)


def _is_trajectory(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("steps"), list)


def _tells_tokens(value: Any, depth: int = 0) -> bool:
    """Tell whether any step of a trajectory, or of its subagents, has tokens of its own."""
    steps, children = inside(value, "steps"), inside(value, "subagent_trajectories")
    if any(usage_of(inside(step, "metrics")) for step in (steps if isinstance(steps, list) else ())):
        return True
    inner = children if isinstance(children, list) and depth < _DEEPEST else ()
    return any(_tells_tokens(child, depth + 1) for child in inner)


def _events(piece: Piece, *, counted: bool) -> list[Event]:
    if piece.kind == HEADER:
        return [_start(piece)]
    return [_end(piece, counted=counted)] if piece.kind == END else step_events(piece)


def _start(piece: Piece) -> Event:
    value = piece.record.value
    event = event_of(piece, time_of(piece))
    event.type, event.native_type, event.model = EventType.SESSION_START.value, HEADER, piece.run.model
    event.summary = one_line(text(value.get("notes")))
    event.data = small_json(
        {
            "schema_version": clip(text(value.get("schema_version")), 40),
            "agent": piece.run.agent,
            "trajectory_id": clip(text(value.get("trajectory_id")), 200),
        }
    )
    return event


def _end(piece: Piece, *, counted: bool) -> Event:
    value, run = piece.record.value, piece.run
    metrics = value.get("final_metrics")
    event = event_of(piece, time_of(piece))
    goes_on = text(value.get("continued_trajectory_ref")) is not None
    event.type = (EventType.CONTEXT_SWITCH if goes_on else EventType.SESSION_END).value
    event.native_type = "trajectory/continued" if goes_on else END
    usage = usage_of(metrics) if counted else None
    if usage is not None:
        event.usage, event.basis, event.usage_key, event.model = usage, "reported", f"{run.session_id}:total", run.model
        event.reported_cost_usd = number(inside(metrics, "total_cost_usd"))
    names = ("total_prompt_tokens", "total_completion_tokens", "total_cached_tokens", "total_steps")
    totals: dict[str, Any] = {name: count(inside(metrics, name)) for name in names}
    event.data = small_json({**totals, "total_cost_usd": number(inside(metrics, "total_cost_usd"))})
    return event


def content(raw: bytes, part: int) -> str | None:
    """Return what a step says; of its later parts, what a call does and what came back, in their order."""
    found = read_value(raw)
    if isinstance(found, str) or not isinstance(found[0], dict) or part < 0:
        return None
    step: dict[str, Any] = found[0]
    if "source" not in step:
        return text(step.get("notes")) if part == 0 else None
    calls, results = step.get("tool_calls"), inside(step, "observation", "results")
    parts: list[str | None] = []
    if step.get("source") != "agent" or count(step.get("llm_call_count")) != 0 or not calls:
        parts.append(said(step))
    for call in [one for one in (calls if isinstance(calls, list) else []) if isinstance(one, dict)]:
        if step.get("source") == "agent":
            parts.append(_done(call))
    for result in [one for one in (results if isinstance(results, list) else []) if isinstance(one, dict)]:
        parts.append(words(result.get("content")))
    return parts[part] if part < len(parts) else None


def _done(call: dict[str, Any]) -> str | None:
    arguments = call.get("arguments")
    asked = arguments if isinstance(arguments, dict) else {}
    return command_of(asked) or asked_of(text(call.get("function_name")), asked).summary


def detect(head: bytes) -> float:
    """Return how sure it is that a file is a trajectory: by its declared version, else by its steps."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start not in (b"{", b"["):
        return 0.0
    if _VERSION.search(head):
        return 0.95
    return 0.6 if b'"steps"' in head and _STEP.search(head) and _SOURCE.search(head) and _SPOKEN.search(head) else 0.0


ADAPTER = Adapter(
    name=NAME,
    title="ATIF trajectories",
    locations=(),
    patterns=("*trajectory*.json", "*trajectory*.jsonl", "*atif*.json", "*atif*.jsonl"),
    detect=detect,
    parse=parse,
    content=content,
    whole=True,
    fidelity=Fidelity(
        times=True,
        model=True,
        tokens=True,
        cost=True,
        outcomes=False,
        threads=False,
        subagents=True,
        edits=False,
        version=True,
        basis="https://github.com/laude-institute/harbor/blob/main/docs/rfcs/0001-trajectory-format.md",
    ),
)
