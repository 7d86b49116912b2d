"""Cline and Roo Code: task folders of the editor extensions, and sessions of Cline's SDK and command line.

A task folder tells the same story twice. ui_messages.json has times, prompts, calls, outputs, tokens and cost, so all
is taken from it; api_conversation_history.json has no times (Cline) and no tokens of its own: each of its messages is
skipped with a reason, and nothing counts twice. Neither names its task: the session is named after the first row.

    say/api_req_started                   llm_request, with the tokens of its response
    say/task, user_feedback               user_interaction, role user; in Roo Code the first say/text
    say/text, reasoning, completion_result, ask/followup    llm_response
    say|ask/tool, command, use_mcp_server the call by what it does; its output tool_result (without an outcome)
    errors                                error_encountered
    condensing, resuming                  context_switch;  subagent_usage  one too, with the batch's tokens
    task_progress, checkpoints            skipped;  others  unknown, with their record

SDK files: _cline_sdk. Rows still being written (the last one, `partial`) are skipped until they are complete.
"""

import re
from collections.abc import Iterable, Iterator

from agentobs.adapters._base import Adapter, Fidelity, NoMemory
from agentobs.adapters._cline_records import NAME, Task, digest_of, first_time
from agentobs.adapters._cline_sdk import is_compaction, message_items, part_text, session_items
from agentobs.adapters._cline_ui import ui_item
from agentobs.adapters._document_events import documents
from agentobs.adapters._editors import in_editors
from agentobs.adapters._text import short_id
from agentobs.adapters._whole_document import Document, objects, read_value, record, text
from agentobs.events import Item, Line, Skip

_ROW = re.compile(rb'"type"\s*:\s*"(?:say|ask)"')
_SAYS = re.compile(rb'"(?:say|ask)"\s*:\s*"[a-z_]+"')
_TIME = re.compile(rb'"ts"\s*:\s*\d{12,14}\b')
_ROLE = re.compile(rb'"role"\s*:\s*"(?:user|assistant)"')
_ASKED = re.compile(rb'"text"\s*:\s*"\s*(?:<task>|<user_message>|<environment_details>|\[TASK RESUMPTION\])')
_MESSAGES = re.compile(
    rb'"version"\s*:\s*\d+\s*,\s*"updated_at"\s*:\s*"[^"]*"\s*,\s*"agent"\s*:.{0,200}?"sessionId"\s*:', re.DOTALL
)
_SESSION = re.compile(rb'"version"\s*:\s*\d+\s*,\s*"session_id"\s*:\s*"')


def parse(lines: Iterable[Line], memory: NoMemory) -> Iterator[Item]:
    """Yield the events of a file, in its order."""
    return documents(lines, _items)


def _items(document: Document) -> Iterator[Item] | str:
    value = document.value
    if isinstance(value, list):
        return _task(document)
    if isinstance(value, dict) and isinstance(value.get("messages"), list) and text(value.get("sessionId")):
        return _messages(document)
    if isinstance(value, dict) and text(value.get("session_id")):
        whole = record(value, document.original, sanitised=document.sanitised)
        return session_items(whole, _session(value, whole.original, "session_id"))
    return "neither a task's messages nor a session"


def _task(document: Document) -> Iterator[Item]:
    """Yield the rows of a task's window; the messages of its conversation stand there too, and are skipped."""
    rows = objects(document.value, document.original)
    if not rows:
        yield Skip(0, "empty")
        return
    originals = [theirs for _, theirs in rows]
    first = originals[0] if isinstance(originals[0], dict) else {}
    when = first_time(originals)
    began = f"{when.ts // 1000}" if when is not None else "unknown"
    key = f"{began}:{digest_of(first.get('text'), first.get('content')) & 0xFFFFFFFF:08x}"
    task = Task(f"{NAME}:{key}", key, when)
    for place, (value, theirs) in enumerate(rows):
        if "role" in value and "say" not in value and "ask" not in value:
            yield Skip(place, "in_ui_messages")
            continue
        yield ui_item(record(value, theirs, sanitised=document.sanitised), place, task, is_last=place == len(rows) - 1)


def _messages(document: Document) -> Iterator[Item]:
    value = document.value
    original = document.original if isinstance(document.original, dict) else value
    rows = objects(value["messages"], original.get("messages"))
    if not rows:
        yield Skip(0, "empty")
        return
    task = _session(value, original, "sessionId")
    task.last = first_time([theirs for _, theirs in rows])
    task.is_compacted = any(is_compaction(one) for one, _ in rows)
    for place, (one, theirs) in enumerate(rows):
        yield from message_items(record(one, theirs, sanitised=document.sanitised), place, task)


def _session(value: dict[str, object], original: dict[str, object], name: str) -> Task:
    own = short_id(text(value.get(name))) or "unknown"
    return Task(f"{NAME}:{own}", text(original.get(name)) or own, None)


def content(raw: bytes, part: int) -> str | None:
    """Return the full text of a row of the window, or of one event of a message."""
    found = read_value(raw)
    if isinstance(found, str) or not isinstance(found[0], dict):
        return None
    value = found[0]
    if "role" in value:
        return part_text(value, part)
    return text(value.get("text")) if part == 0 else None


def detect(head: bytes) -> float:
    """Return how sure it is that a document is Cline's or Roo Code's: by its first rows, or by its header."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"["):
        if _ROW.search(start) and _SAYS.search(start) and _TIME.search(start):
            return 0.9
        return 0.7 if _ROLE.search(start[:200]) and _ASKED.search(start) else 0.0
    if not start.startswith(b"{"):
        return 0.0
    if _SESSION.match(start[1:].lstrip()) and b'"started_at"' in start and b'"enable_tools"' in start:
        return 0.9
    return 0.9 if _MESSAGES.match(start[1:].lstrip()) else 0.0


ADAPTER = Adapter(
    name=NAME,
    title="Cline / Roo Code",
    locations=(
        *in_editors("globalStorage/saoudrizwan.claude-dev/tasks/*/*.json"),
        *in_editors("globalStorage/rooveterinaryinc.roo-cline/tasks/*/*.json"),
        ".cline/data/tasks/*/*.json",
        ".cline/data/sessions/*/*.json",
    ),
    patterns=("*.json",),
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
        subagents=False,
        edits=False,
        version=False,
        basis="real files of the SDK; task folders by a survey of the fields in real ones",
    ),
)
