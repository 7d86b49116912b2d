"""Claude Code session files: ~/.claude/projects/<folder>/<session>.jsonl, and those of its subagents.

Every line of a streamed response is a record of its own with the whole response's usage as known by then: each carries
it under the same `usage_key`, and whoever counts takes the largest snapshot once. The session comes from the record,
never from the file's name; a subagent (its own file, its own folder, or lines inside the parent's file) is a thread of
the parent's session.

    user, a person's text              user_interaction, role user; of several texts the first counts
    user, anything the client put in   user_interaction, role system: user/command, user/interrupt, user/meta,
                                       user/sidechain_prompt, user/ide_context, user/task_notification, user/image, ...
    user, compact summary              context_switch
    user/tool_result                   tool_result, with type, name and file of the call it answers
    assistant/text, /thinking          llm_response
    assistant/tool_use                 by tool, see _claude_calls
    assistant, isApiErrorMessage       error_encountered, no usage
    system/compact_boundary            context_switch;  /api_error, /error, /api_refusal  error_encountered
    attachment/queued_command          user_interaction, role user: typed while the agent worked, no record of its own
    attachment, files and memories     user_interaction, role system;  failed hooks  error_encountered
    titles, modes, worktrees           context_switch;  pr-link, frame-link, enqueue  user_interaction, role system
    progress/agent_progress            the subagent's message inside it, as a copy: it counts where its file is missing
    ticks, reminders, snapshots        skipped under their own name, see _claude_system.SKIPPED
    anything else                      unknown, with its record
"""

from collections.abc import Iterable, Iterator

import msgspec

from agentobs.adapters._base import Adapter, Fidelity
from agentobs.adapters._claude_content import content
from agentobs.adapters._claude_detection import detect
from agentobs.adapters._claude_messages import assistant, bare_call, bare_result, user
from agentobs.adapters._claude_origin import (
    NAME,
    PARENTS,
    Memory,
    Origin,
    identity_of,
    remember,
    thread_of,
    time_of,
    timestamp,
)
from agentobs.adapters._claude_records import (
    Line,
    Record,
    Unreadable,
    decoded,
    fields_of,
    original_digest,
    payload_digest,
    read,
)
from agentobs.adapters._claude_system import SKIPPED, failed_hooks, name_of, rare
from agentobs.adapters._text import clip, short_id
from agentobs.events import Event, Item, Reject, Skip
from agentobs.events import Line as SourceLine

_MESSAGES = {"user": user, "assistant": assistant, "tool_use": bare_call, "tool_result": bare_result}


class _Progress(msgspec.Struct, rename="camel"):
    """`data` of an agent_progress: a subagent's message, passed through."""

    type: str | None = None
    agent_id: str | None = None
    message: msgspec.Raw = msgspec.Raw()


_progress = msgspec.json.Decoder(_Progress).decode
_embedded = msgspec.json.Decoder(Record).decode


def parse(lines: Iterable[SourceLine], memory: Memory) -> Iterator[Item]:
    """Yield the events of a session file, in file order."""
    for offset, line, original in lines:
        if not line or line.isspace():
            yield Skip(offset, "blank")
            continue
        found = read(line)
        if isinstance(found, Unreadable):
            yield Reject(offset, found.reason, line)
            continue
        yield from _items(found, offset, None if line is original else original, memory)


def _items(found: Line, offset: int, original: bytes | None, memory: Memory) -> list[Event] | list[Skip]:
    record = found.record
    if record.session_id:
        memory.session_id = short_id(record.session_id)
    ts, quality = time_of(record, memory, found.raw)
    kind = record.type or "untyped"
    make = _MESSAGES.get(kind)
    if make is None:
        return _other(found, offset, original, memory, (ts, quality))
    if memory.session_id is None:
        return [Skip(offset, f"{kind}_without_session")]
    origin = _origin(found, offset, original, memory, (ts, quality))
    events = make(origin, record, memory)
    if record.uuid:
        remember(memory.parents, record.uuid, events[-1].id, PARENTS)
    return events


def _origin(found: Line, offset: int, original: bytes | None, memory: Memory, when: tuple[int, str]) -> Origin:
    record = found.record
    session_id = memory.session_id or ""
    digest = payload_digest(record, found.raw) if original is None else original_digest(original)
    return Origin(
        offset,
        session_id,
        when[0],
        when[1],
        digest,
        identity_of(record, session_id, digest, memory),
        short_id(record.uuid),
        memory.parents.get(record.parent_uuid) if record.parent_uuid else None,
        thread_of(record, memory),
        record.is_sidechain is True,
        clip(record.version, 100),
        clip(record.cwd, 4096),
        clip(record.git_branch, 300),
        clip(record.request_id, 200),
        found.raw,
        found.sanitised,
    )


def _other(
    found: Line, offset: int, original: bytes | None, memory: Memory, when: tuple[int, str]
) -> list[Event] | list[Skip]:
    record = found.record
    kind = record.type or "untyped"
    if kind == "progress":
        progress = decoded(_progress, _Progress, record.data) or _Progress()
        native_type = f"progress/{progress.type}" if progress.type else kind
        if native_type == "progress/agent_progress":
            _pass_on(record, memory)
            return _copies(found, progress, offset, original, memory, when)
        fields = {}
    else:
        fields = fields_of(found.raw) if kind not in SKIPPED else {}
        native_type = name_of(kind, fields)
    if native_type in SKIPPED and not (native_type == "system/stop_hook_summary" and failed_hooks(fields)):
        _pass_on(record, memory)
        return [Skip(offset, native_type)]
    if memory.session_id is None:
        return [Skip(offset, f"{clip(kind, 100)}_without_session")]
    origin = _origin(found, offset, original, memory, when)
    event = rare(origin, native_type, fields)
    if record.uuid:
        remember(memory.parents, record.uuid, event.id, PARENTS)
    return [event]


def _pass_on(record: Record, memory: Memory) -> None:
    """Let the children of a skipped record find its parent's event."""
    parent = memory.parents.get(record.parent_uuid) if record.parent_uuid else None
    if record.uuid and parent is not None:
        remember(memory.parents, record.uuid, parent, PARENTS)
    if record.is_sidechain:
        thread_of(record, memory)


def _copies(
    found: Line, progress: _Progress, offset: int, original: bytes | None, memory: Memory, when: tuple[int, str]
) -> list[Event] | list[Skip]:
    """Return the events of a subagent's message that a progress record repeats."""
    inner = decoded(_embedded, Record, progress.message)
    make = _MESSAGES.get(inner.type or "") if inner is not None else None
    if inner is None or make is None or not inner.message:
        return [Skip(offset, "progress/agent_progress")]
    if memory.session_id is None:
        return [Skip(offset, "progress_without_session")]
    origin = _origin(found, offset, original, memory, when)
    stamp = timestamp(inner.timestamp) if inner.timestamp else None
    if stamp is not None:
        origin.ts, origin.ts_quality = stamp
    origin.digest = payload_digest(inner, b"") if original is None else _embedded_digest(original)
    origin.identity = ("copy", inner.uuid or "", str(origin.digest))
    origin.native_id = short_id(inner.uuid)
    origin.parent = memory.parents.get(inner.parent_uuid) if inner.parent_uuid else None
    origin.thread_id, origin.is_sidechain = short_id(progress.agent_id), True
    origin.request_id = clip(inner.request_id, 200)
    origin.is_copy, origin.prefix = True, "progress/agent_progress/"
    return make(origin, inner, memory)


def _embedded_digest(original: bytes) -> int:
    found = read(original)
    progress = decoded(_progress, _Progress, found.record.data) if isinstance(found, Line) else None
    inner = decoded(_embedded, Record, progress.message) if progress is not None else None
    return payload_digest(inner, b"") if inner is not None and inner.message else original_digest(original)


ADAPTER = Adapter(
    name=NAME,
    title="Claude Code",
    locations=(".claude/projects/*/*.jsonl", ".claude/projects/*/*/subagents/**/*.jsonl"),
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
