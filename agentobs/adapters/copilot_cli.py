"""GitHub Copilot CLI session files: ~/.copilot/session-state/<session>/events.jsonl, once <session>.jsonl.

Each line is an event `{type, data, id, timestamp, parentId}`; only `session.start` names the session, the folder and
the version. A call is told by its `tool.execution_start`; the `toolRequests` of a message only help a result that has
none. Tokens: see _copilot_usage. Premium requests and AI units are no dollars: they stay in `data`.

    session.start                   session_start
    session.shutdown                session_end, and one llm_request per model with the tokens of all its requests
    user.message                    user_interaction, role user; role system if a skill, the autopilot or an agent wrote
    assistant.message, .reasoning   llm_response
    tool.execution_start/_complete  by tool (_copilot_tools), and its tool_result
    session.error, failed hooks     error_encountered
    session.resume, models, modes,
    truncation, compaction, ...     context_switch;  subagent.started/completed likewise
    abort, notes, permissions,
    system prompts, skills          user_interaction, role system
    turns, hooks, checkpoints       skipped under their own name
    anything else                   unknown, with its record
"""

import re
from collections.abc import Iterable, Iterator

from agentobs.adapters._base import Adapter, Fidelity
from agentobs.adapters._copilot_kinds import SKIPPED, fill, usage_of_session
from agentobs.adapters._copilot_origin import NAME, PARENTS, Memory, head_of, remember_session, time_of
from agentobs.adapters._copilot_tools import answer, asked_text
from agentobs.adapters._memory import remember
from agentobs.adapters._objects import Object, inner, named, read_object, text
from agentobs.adapters._text import clip
from agentobs.events import Event, Item, Line, Reject, Skip


def parse(lines: Iterable[Line], memory: Memory) -> Iterator[Item]:
    """Yield the events of a session file, in file order."""
    for offset, line, original in lines:
        if not line or line.isspace():
            yield Skip(offset, "blank")
            continue
        found = read_object(line)
        if isinstance(found, str):
            yield Reject(offset, found, line)
            continue
        yield from _items(found, offset, None if line is original else original, memory)


def _items(found: Object, offset: int, original: bytes | None, memory: Memory) -> list[Event] | list[Skip]:
    fields = found.fields
    kind, data = clip(text(fields, "type"), 100) or "untyped", inner(fields, "data")
    if kind in ("session.start", "session.resume"):
        remember_session(data, memory)
    stamp = time_of(fields, memory)
    native = named(fields, "id")
    if kind in SKIPPED and not (kind == "hook.end" and data.get("success") is False):
        parent = memory.parents.get(named(fields, "parentId") or "")
        if native is not None and parent is not None:
            remember(memory.parents, native, parent, PARENTS)
        return [Skip(offset, kind)]
    if memory.session_id is None:
        return [Skip(offset, f"{kind}_without_session")]
    event = head_of(found, offset, original, memory, stamp)
    event.native_type = kind
    events = [event]
    fill(event, kind, data, memory)
    if kind == "session.shutdown":
        events += usage_of_session(event, data, memory)
    if native is not None:
        remember(memory.parents, native, event.id, PARENTS)
    return events


def content(raw: bytes, part: int) -> str | None:
    """Return the text of a record: what was said, asked or answered; None when it has none."""
    found = read_object(raw)
    if isinstance(found, str) or part != 0:
        return None
    kind, data = text(found.fields, "type"), inner(found.fields, "data")
    if kind == "tool.execution_start":
        return asked_text(data)
    if kind == "tool.execution_complete":
        return answer(data)
    return text(data, "content", "reasoningText", "message", "summary") or text(inner(data, "error"), "message")


_OPENS = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"type"\s*:\s*"session\.start"\s*,\s*"data"\s*:\s*\{')
_FAMILIES = ("session.", "assistant.", "user.message", "tool.execution_", "hook.", "subagent.", "system.")


def detect(head: bytes) -> float:
    """Return how sure it is that the first lines are Copilot CLI's."""
    lines = head.split(b"\n")[:20]
    own = foreign = linked = 0
    for line in lines:
        found = read_object(line) if line.strip() else "blank"
        if isinstance(found, str):
            continue
        kind, data = text(found.fields, "type") or "", found.fields.get("data")
        if not (kind.startswith(_FAMILIES) and isinstance(data, dict) and "timestamp" in found.fields):
            foreign += 1
            if foreign > 2:
                return 0.0
        elif kind == "session.start" and ("copilotVersion" in data or "sessionId" in data):
            return 0.95
        else:
            own += 1
            linked += "parentId" in found.fields
    if linked and not foreign:
        return 0.7
    return 0.9 if not own and not foreign and _OPENS.match(head) and b'"sessionId"' in head else 0.0


ADAPTER = Adapter(
    name=NAME,
    title="GitHub Copilot CLI",
    locations=(".copilot/session-state/*/events.jsonl", ".copilot/session-state/*.jsonl"),
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
        threads=True,
        subagents=True,
        edits=True,
        version=True,
        basis="real files",
    ),
)
