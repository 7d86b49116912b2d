"""Copilot Chat's tool calls: which tool is which kind of event, and how a call ended.

The model's calls stand in the rounds of a request's result, their results beside them by id. What the window showed of
a call has another id: it tells whether the call failed or was refused, where tool names and numbers of calls agree.
"""

from typing import Any

from agentobs.adapters._copilot_chat_origin import Subject, begun
from agentobs.adapters._shell import classify
from agentobs.adapters._text import clip, one_line, short_id, small_json
from agentobs.adapters._whole_document import inside, nested, text
from agentobs.events import Event, EventType, Stamp

PATH_LENGTH = 4096
_COMMAND = EventType.COMMAND_EXECUTE.value
_INVOCATION = EventType.TOOL_INVOCATION.value
_SHELLS = frozenset(("run_in_terminal", "copilot_runInTerminal", "runInTerminal"))
_SEARCHES = (
    "file_search grep_search semantic_search list_dir list_code_usages search_workspace_symbols test_search"
    " github_repo vscode_websearchforcopilot_webSearch copilot_findFiles copilot_findTextInFiles"
    " copilot_searchCodebase copilot_listDirectory copilot_listCodeUsages copilot_searchWorkspaceSymbols"
)
_WRITES = (
    "insert_edit_into_file replace_string_in_file multi_replace_string_in_file apply_patch edit_notebook_file"
    " copilot_insertEdit copilot_replaceString copilot_multiReplaceString copilot_applyPatch copilot_editNotebook"
)
_KINDS = {
    **dict.fromkeys("read_file copilot_readFile".split(), EventType.FILE_READ.value),
    **dict.fromkeys(_WRITES.split(), EventType.FILE_WRITE.value),
    **dict.fromkeys("create_file copilot_createFile".split(), EventType.FILE_CREATE.value),
    **dict.fromkeys(_SEARCHES.split(), EventType.SEARCH_PERFORMED.value),
    **dict.fromkeys("runTests run_tests test_failure".split(), EventType.TEST_RUN.value),
}
_PATHS = ("filePath", "path", "dirPath")
_ASKED = ("explanation", "query", "pattern", "includePattern", "url", "symbolName", "description")
_VALUE_LENGTH, _COMMAND_LENGTH, _ERROR_LENGTH = 300, 2000, 200
_FAILED = "ERROR while calling tool:"
_DEEPEST = 60
_DENIED = 0  # of isConfirmed.type: the person refused


def call(subject: Subject, part: int, said: dict[str, Any], when: Stamp | None) -> Event:
    """Return the event of a call {id, name, arguments}; arguments are JSON in a text."""
    name = short_id(text(said.get("name")))
    asked = nested(said.get("arguments"))
    command = text(asked.get("command"))
    path = next((asked[key] for key in _PATHS if text(asked.get(key))), None)
    kind = _KINDS.get(name or "", _INVOCATION)
    if name in _SHELLS:
        kind = classify(command) if command else _COMMAND
    event = begun(subject, part, kind, "assistant/tool_call", when)
    event.role, event.tool_name = "assistant", name
    event.file_path = clip(path, PATH_LENGTH)
    shown = command or next((asked[key] for key in ("query", *_ASKED) if text(asked.get(key))), None)
    if kind == _INVOCATION:
        event.summary = one_line(f"{name}: {path or shown}" if path or shown else name)
    else:
        event.summary = one_line(path if path and not command else shown or name)
    facts = {key: clip(text(asked.get(key)), _VALUE_LENGTH) for key in _ASKED}
    event.data = small_json({**facts, "command": clip(command, _COMMAND_LENGTH)})
    event.tool_call_id = short_id(text(said.get("id"))) or f"event-{event.id.hex()}"
    return event


def result(subject: Subject, part: int, answered: Event | None, shown: dict[str, Any] | None) -> Event:
    """Return the event of a result {toolCallId, result}; `shown` is what the window told of the call, if anything."""
    event = begun(subject, part, EventType.TOOL_RESULT.value, "assistant/tool_result", None)
    event.role = "tool"
    said = text_of(inside(subject.record.value, "result"))
    if answered is not None:
        _answers(event, answered)
    else:
        event.tool_call_id = subject.native_id or f"event-{event.id.hex()}"
    _outcome(event, said, shown or {})
    return event


def shown_call(subject: Subject) -> list[Event]:
    """Return the call that only the window tells of, and its result once it is complete."""
    said = subject.record.value
    asked = inside(said, "toolSpecificData", "rawInput")
    if not isinstance(asked, dict):
        asked = nested(inside(said, "resultDetails", "input"))
    line = text(inside(said, "toolSpecificData", "commandLine", "original")) or text(
        inside(said, "toolSpecificData", "command")
    )
    arguments = {**asked, "command": line} if line else asked
    found = call(subject, 0, {"id": said.get("toolCallId"), "name": said.get("toolId"), "arguments": arguments}, None)
    if said.get("isComplete") is not True:
        return [found]
    return [found, answer_of(subject, found, inside(said, "resultDetails", "output"), said)]


def answer_of(subject: Subject, answered: Event, output: object, shown: dict[str, Any] | None = None) -> Event:
    """Return the result of a call that stands in the same record."""
    event = begun(subject, 1, EventType.TOOL_RESULT.value, "assistant/tool_result", None)
    event.role = "tool"
    _answers(event, answered)
    _outcome(event, text_of(output), shown or {})
    return event


def text_of(value: object, depth: int = 0) -> str:
    """Return all texts inside a result: plain values, and the nodes of a rendered tree in their order."""
    if depth > _DEEPEST:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(text_of(item, depth + 1) for item in value)
    if not isinstance(value, dict):
        return ""
    own = value.get("text")
    found = [own] if isinstance(own, str) else []
    found += [text_of(value[name], depth + 1) for name in ("content", "value", "node", "children") if name in value]
    return "".join(found)


def _answers(event: Event, answered: Event) -> None:
    event.tool_call_id, event.tool_name, event.call_type = answered.tool_call_id, answered.tool_name, answered.type
    event.file_path, event.parent_event_id = answered.file_path, answered.id


def _outcome(event: Event, said: str, shown: dict[str, Any]) -> None:
    code = inside(shown, "toolSpecificData", "terminalCommandState", "exitCode")
    event.exit_code = code if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 2**31 else None
    confirmed = inside(shown, "isConfirmed", "type")
    if shown.get("isConfirmed") is False or (confirmed == _DENIED and not isinstance(confirmed, bool)):
        event.status, event.severity = "denied", "warning"
    elif inside(shown, "resultDetails", "isError") is True or event.exit_code or said.startswith(_FAILED):
        event.status, event.severity = "error", "error"
    else:
        event.status = "ok"
        return
    event.summary = one_line(said.strip()[:1000].partition("\n")[0], _ERROR_LENGTH)
