"""OpenHands: output.jsonl of evaluations, saved trajectories (V0, V1), events.jsonl of its SDK, folders of events.

Every run (a line with a `history`, or a file that is nothing but events) is a session. Its name holds a hash of its
beginning, because several runs of one task share the task's name. A folder that keeps each event in a file of its own
(`<conversation>/events/12.json`, `event-00012-<uuid>.json` beside `base_state.json`) names the session. There an event
has the same id as elsewhere where it has a uuid; a response that parallel calls share is told with the thought.

An action and its observation repeat the same response of the model: its usage counts once per response id. Prompt
tokens include the cached ones, here they don't: seen in the SDK's statistics, taken for granted in older responses,
whose basis is `estimated` where something was cached. What a run's totals hold beyond the
responses told of (condensers, refused calls; in old files everything) stands at its end, basis `reported`.

    history line                session_start, session_end (metrics, error, test result)
    message                     user_interaction, role user; role system where an evaluation answers in its place
    actions, ActionEvent        llm_response once per response, then the call by what it does
    observations                tool_result
    system, recall              user_interaction, role system
    agent states, condensation  context_switch;  SDK statistics  context_switch, with the tokens since the last
    null                        skipped
    base_state.json             context_switch, with the tokens of the whole conversation
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from agentobs.adapters import _openhands_history as history
from agentobs.adapters import _openhands_sdk as sdk
from agentobs.adapters._base import Adapter, Fidelity
from agentobs.adapters._openhands_records import END, HEADER, NAME, STATE, Piece, event_of, pieces
from agentobs.adapters._text import clip, one_line, small_json
from agentobs.adapters._whole_document import inside, number, read_value, text
from agentobs.events import Event, EventType, Item, Line, Reject

_HISTORY = re.compile(rb'"history"\s*:\s*\[')
_ACTION = re.compile(rb'"action"\s*:\s*"(?:message|run|run_ipython|read|write|edit|system|recall|finish|think|browse)"')
_OLD = re.compile(rb'"(?:args|action_risk|is_confirmed|wait_for_response|tool_call_metadata)"\s*:')
_KIND = re.compile(
    rb'"kind"\s*:\s*"(?:ActionEvent|ObservationEvent|MessageEvent|SystemPromptEvent|ConversationStateUpdateEvent'
    rb'|AgentErrorEvent|Condensation|PauseEvent|UserRejectObservation)"'
)
_SOURCE = re.compile(rb'"source"\s*:\s*"(?:agent|user|environment|hook)"')
_RUN = re.compile(rb'\s*\{\s*"(?:instance_id|issue|id|instance|test_result|question_id|instruction)"\s*:')
_ALONE = re.compile(
    rb'\s*\{\s*"id"\s*:\s*(?:\d+|"[0-9a-fA-F-]{32,36}")\s*,\s*"timestamp"\s*:\s*"[^"]+"\s*,\s*"source"\s*:'
)
_DOES = re.compile(rb'"(?:action|observation)"\s*:\s*"[a-z_]+"')
_GIVEN = re.compile(rb'"(?:args|extras)"\s*:\s*\{')
_OF_THE_SDK = re.compile(rb'"(?:llm_message|llm_response_id|action_id|system_prompt|tool_call)"\s*:')
_STATE = re.compile(rb'\s*\{\s*"id"\s*:\s*"[0-9a-fA-F-]{32,36}"')
_OF_THE_STATE = (b'"persistence_dir"', b'"max_iterations"', b'"confirmation_policy"', b'"agent"', b'"workspace"')
_METADATA = re.compile(rb'"(?:agent_class|llm_config|base_commit|eval_output_dir|git_patch|max_iterations)"\s*:')


class Memory(msgspec.Struct):
    """Where the file lies: the folder of an event that is alone in its file names the conversation."""

    path: str = ""


def parse(lines: Iterable[Line], memory: Memory) -> Iterator[Item]:
    """Yield the events of a file, in its order."""
    for line in lines:
        for piece in pieces(line, memory.path):
            if isinstance(piece, Reject):
                yield piece
            else:
                yield from _events(piece)


def _events(piece: Piece) -> Iterator[Item]:
    value = piece.record.value
    if piece.kind == HEADER:
        yield _start(piece)
    elif piece.kind == END:
        yield _end(piece)
    elif piece.kind == STATE:
        yield sdk.state_event(piece)
    elif isinstance(value.get("kind"), str):
        yield from sdk.sdk_events(piece)
    elif "action" in value:
        yield from history.action_events(piece)
    elif "observation" in value:
        yield from history.observation_events(piece)
    else:
        event = event_of(piece)
        event.native_type = "untyped"
        yield event


def _start(piece: Piece) -> Event:
    value = piece.record.value
    event = event_of(piece)
    event.type, event.native_type = EventType.SESSION_START.value, HEADER
    event.model = piece.run.model
    event.data = small_json(
        {
            "instance_id": clip(text(value.get("instance_id")), 200),
            "agent_class": clip(text(inside(value, "metadata", "agent_class")), 100),
            "dataset": clip(text(inside(value, "metadata", "dataset")), 200),
        }
    )
    return event


def _end(piece: Piece) -> Event:
    value, run = piece.record.value, piece.run
    event = event_of(piece)
    event.type, event.native_type, event.model = EventType.SESSION_END.value, END, run.model
    error = text(value.get("error"))
    if error is not None:
        event.severity, event.status, event.summary = "error", "error", one_line(error)
    metrics = value.get("metrics")
    cost = number(inside(metrics, "accumulated_cost"))
    event.reported_cost_usd = cost or None  # 0.0 stands where the library knew no price
    rest = history.tokens_of(inside(metrics, "accumulated_token_usage")).beyond(run.counted).usage()
    if rest is not None:
        event.usage, event.basis, event.usage_key = rest, "reported", f"{run.session_id}:rest"
    success = value.get("success")
    event.data = small_json(
        {
            "success": success if isinstance(success, bool) else None,
            "has_patch": bool(text(value.get("git_patch")) or text(inside(value, "test_result", "git_patch"))),
        }
    )
    return event


def content(raw: bytes, part: int) -> str | None:
    """Return the words of a record, or what its action does; the second event of an action is what it does."""
    found = read_value(raw)
    if isinstance(found, str) or not isinstance(found[0], dict) or part > 1:
        return None
    value: dict[str, Any] = found[0]
    if isinstance(value.get("kind"), str):
        return (sdk.said(value) if part == 0 else None) or sdk.given(value)
    if part == 1:
        return history.given(value)
    return history.said(value) or history.given(value)


def detect(head: bytes) -> float:
    """Return how sure it is that a file is OpenHands': by its events, or by a run's line before its history comes."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start not in (b"{", b"["):
        return 0.0
    if len(_KIND.findall(head)) >= 2 and _SOURCE.search(head):
        return 0.9
    if _is_alone(head):
        return 0.8
    return _score_of_history(head, start)


def _score_of_history(head: bytes, start: bytes) -> float:
    acts = _ACTION.search(head) is not None and _OLD.search(head) is not None
    if start == b"[":
        return 0.8 if acts and b'"observation"' in head else 0.0
    if not _RUN.match(head):
        return 0.8 if acts and _HISTORY.search(head) else 0.0
    if _METADATA.search(head) and (b'"instruction"' in head or b'"instance"' in head):
        return 0.9 if acts else 0.7
    return 0.8 if acts and _HISTORY.search(head) else 0.0


def _is_alone(head: bytes) -> bool:
    """Tell whether a file is one event, or the state of a conversation."""
    if _ALONE.match(head) and _SOURCE.search(head):
        if _KIND.search(head) or _OF_THE_SDK.search(head):
            return True
        return _DOES.search(head) is not None and _GIVEN.search(head) is not None
    return _STATE.match(head) is not None and sum(name in head for name in _OF_THE_STATE) >= 4


ADAPTER = Adapter(
    name=NAME,
    title="OpenHands",
    locations=(
        ".openhands/sessions/*/events/*.json",
        ".openhands-state/sessions/*/events/*.json",
        ".openhands/conversations/*/events/*.json",
        ".openhands/conversations/*/base_state.json",
    ),
    patterns=("output*.jsonl", "events.jsonl", "*trajectory*.json", "[0-9]*.json", "event-*.json", "base_state.json"),
    detect=detect,
    parse=parse,
    content=content,
    memory=Memory,
    whole=True,
    fidelity=Fidelity(
        times=True,
        model=True,
        tokens=True,
        cost=True,
        outcomes=True,
        threads=False,
        subagents=False,
        edits=True,
        version=True,
        basis="real files",
    ),
)
