"""Claude Code session files: ~/.claude/projects/<folder>/<session>.jsonl, and those of its subagents.

Every line of a streamed response is a record of its own with the whole response's usage as known by then: each carries
it under the same `usage_key`, and whoever counts takes the largest snapshot once. The session comes from the record,
never from the file's name; a subagent (its own file, its own folder, or lines inside the parent's file) is a thread of
the parent's session.

An event is named after its record's uuid and its part; after session and content too where the id is no uuid; after
session, content and occurrence where there is none. Its digest covers the message and the tool's result, not the
envelope, which a fork rewrites.

    user, a person's text              user_interaction, role user; of several texts the first counts
    user, anything the client put in   user_interaction, role system: user/command, user/interrupt, user/meta,
                                       user/sidechain_prompt, user/ide_context, user/task_notification, user/image, ...
    user, compact summary              context_switch
    user/tool_result                   tool_result, with type, name and file of the call it answers
    assistant/text, /thinking          llm_response
    assistant/tool_use                 by tool, see _claude_calls
    assistant/advisor, /compaction     llm_response: billed calls inside a response that its own usage leaves out
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

from agentobs.adapters._base import Adapter, Fidelity
from agentobs.adapters._claude_content import content
from agentobs.adapters._claude_detection import detect
from agentobs.adapters._claude_messages import MAKERS
from agentobs.adapters._claude_origin import NAME, Memory, When, head_of, pass_on, remember_parent, time_of
from agentobs.adapters._claude_progress import AGENT_PROGRESS, name_of_progress, passed_through
from agentobs.adapters._claude_records import Readable, Unreadable, fields_of, read
from agentobs.adapters._claude_system import SKIPPED, failed_hooks, name_of, rare
from agentobs.adapters._text import clip
from agentobs.events import Event, Item, Line, Reject, Skip


def parse(lines: Iterable[Line], memory: Memory) -> Iterator[Item]:
    """Yield the events of a session file, in file order."""
    for offset, line, original in lines:
        if not line or line.isspace():
            yield Skip(offset, "blank")
            continue
        found = read(line)
        if isinstance(found, Unreadable):
            yield Reject(offset, found.reason, line)
            continue
        record = found[0]
        if record.session_id:
            memory.session_id = record.session_id
        when = time_of(record, memory, found[1])
        changed = None if line is original else original
        make = MAKERS.get(record.type or "")
        if make is None:
            yield from _other(found, offset, changed, memory, when)
        elif memory.session_id is None:
            yield Skip(offset, f"{record.type}_without_session")
        else:
            events = make(head_of(found, offset, changed, memory, when), record, memory)
            if record.uuid:
                remember_parent(memory, record.uuid, events[-1].id)
            if len(events) == 1:
                yield events[0]
            else:
                yield from events


def _other(
    found: Readable, offset: int, original: bytes | None, memory: Memory, when: When
) -> list[Event] | list[Skip]:
    record, raw, _ = found
    kind = record.type or "untyped"
    fields = {}
    if kind == "progress":
        native_type = name_of_progress(record)
    else:
        fields = fields_of(raw) if kind not in SKIPPED else {}
        native_type = name_of(kind, fields)
    if native_type == AGENT_PROGRESS:
        pass_on(record, memory)
        return passed_through(found, offset, original, memory, when)
    if native_type in SKIPPED and not (native_type == "system/stop_hook_summary" and failed_hooks(fields)):
        pass_on(record, memory)
        return [Skip(offset, native_type)]
    if memory.session_id is None:
        return [Skip(offset, f"{clip(kind, 100)}_without_session")]
    event = rare(head_of(found, offset, original, memory, when), native_type, fields)
    if record.uuid:
        remember_parent(memory, record.uuid, event.id)
    return [event]


ADAPTER = Adapter(
    name=NAME,
    title="Claude Code",
    locations=(
        ".claude/projects/*/*.jsonl",
        ".claude/projects/*/*/subagents/**/*.jsonl",
        ".config/claude/projects/*/*.jsonl",
        ".config/claude/projects/*/*/subagents/**/*.jsonl",
    ),
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
