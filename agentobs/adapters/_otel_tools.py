"""Tools in telemetry: any agent's, so known by what their names say.

read, view, get_file, ...                 file_read
write, edit, replace, apply_patch, ...    file_write;  create_file  file_create;  delete_file  file_delete
grep, glob, find, list, search, ...       search_performed
bash, shell, exec, run_command, ...       what the command does (agentobs.adapters._shell)
any other                                 tool_invocation
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple

from agentobs.adapters._otel_messages import decoded
from agentobs.adapters._otel_records import Attributes, text_of
from agentobs.adapters._shell import classify
from agentobs.adapters._text import clip, one_line, short_id, small_json
from agentobs.events import EventType

PATH_LENGTH = 4096
INVOCATION = EventType.TOOL_INVOCATION.value
_COMMAND = EventType.COMMAND_EXECUTE.value
_SEARCH = EventType.SEARCH_PERFORMED.value
_KINDS = (
    (re.compile(r"create_?(?:new_)?file|new_?file"), EventType.FILE_CREATE.value),
    (re.compile(r"(?:delete|remove)_?files?"), EventType.FILE_DELETE.value),
    (re.compile(r"read|read_?(?:many_)?files?|view|view_?file|get_?file(?:_?contents?)?|open_?file|cat|notebook_?read"),
     EventType.FILE_READ.value),
    (re.compile(r"write|edit|multi_?edit|replace|write_?(?:to_)?file|edit_?(?:file|notebook)|apply_?(?:patch|diff)"
                r"|notebook_?edit|str_replace\w*|replace_string_in_file|insert_edit_into_file|update_?file"),
     EventType.FILE_WRITE.value),
    (re.compile(r"grep|glob|ls|find|list|(?:\w+_)?search(?:_\w+)?|(?:web|tool|code|file)_?search|grep_?search|rip_?grep"
                r"|list_?(?:dir|directory|files)|google_web_search|search_?file_?content|find_?files?"),
     _SEARCH),
    (re.compile(r"bash|shell|exec|local_shell|powershell|terminal|(?:run_|local_)?shell(?:_command|_exec)?|exec_?command"
                r"|run_?(?:in_?terminal|command|terminal_cmd|command_in_terminal)|execute_?(?:bash|command|shell)"),
     _COMMAND),
)  # fmt: skip
_BUILD = re.compile(r"run_?build|build_?(?:project|solution)?")
_TESTS = re.compile(r"run_?tests?")
_ARGUMENTS = (
    "gen_ai.tool.call.arguments",
    "tool_input",
    "tool_parameters",
    "arguments",
    "function_args",
    "ai.toolCall.args",
    "gcp.vertex.agent.tool_call_args",
    "input.value",
    "traceloop.entity.input",
    "langfuse.observation.input",
    "mlflow.spanInputs",
    "tool.parameters",
)
_RESULTS = (
    "gen_ai.tool.call.result",
    "output",
    "ai.toolCall.result",
    "gcp.vertex.agent.tool_response",
    "output.value",
    "traceloop.entity.output",
    "langfuse.observation.output",
    "mlflow.spanOutputs",
    "tool_output",
)
_PATHS = (
    "file_path",
    "filePath",
    "path",
    "filepath",
    "filename",
    "file",
    "absolute_path",
    "target_file",
    "notebook_path",
)
_COMMANDS = ("command", "full_command", "bash_command", "cmd", "script")
_SHOWN = ("pattern", "query", "url", "glob", "description", "prompt", "skill_name", "subagent_type", "name", "path")


_PATCHED = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.+)$", re.MULTILINE)


class Tool(NamedTuple):
    """A call: its name, what it does, what it is about, and what people query of it."""

    name: str | None
    type: str
    call_id: str | None
    file_path: str | None
    summary: str | None
    asked: dict[str, Any]
    text: str | None


def tool_of(attributes: Attributes, span_name: str = "") -> Tool:
    """Return the call that attributes speak of."""
    name = text_of(
        attributes, "gen_ai.tool.name", "tool.name", "tool_name", "function_name", "ai.toolCall.name",
        "traceloop.entity.name",
    ) or span_name.removeprefix("execute_tool ").removeprefix("tool_call ") or None  # fmt: skip
    said = text_of(attributes, *_ARGUMENTS)
    asked = decoded(said)
    asked = asked if isinstance(asked, dict) else {}
    if "mcp_tool_name" in asked:  # Claude Code calls them all `mcp_tool`
        name = f"mcp__{asked.get('mcp_server_name')}__{asked['mcp_tool_name']}"
    name = short_id(name)
    if "input" in asked and isinstance(asked["input"], dict):
        asked = asked["input"]
    asked = {**{key: attributes[key] for key in ("file_path", "full_command") if key in attributes}, **asked}
    command = _command(asked)
    kind = type_of(name, command)
    path = text_of(asked, *_PATHS) or _patched(asked)
    path = path if kind.startswith("file_") or kind == INVOCATION else None
    shown = command if kind not in (INVOCATION, _SEARCH) and not kind.startswith("file_") else text_of(asked, *_SHOWN)
    if path is not None and kind.startswith("file_"):
        shown = path
    elif kind == INVOCATION:
        shown = f"{name}: {shown}" if shown else name
    elif shown is None and not asked:
        shown = said
    call_id = text_of(
        attributes, "gen_ai.tool.call.id", "gen_ai.tool.call_id", "tool_call.id", "tool_use_id", "call_id",
        "ai.toolCall.id", "tool.id",
    )  # fmt: skip
    facts = {key: clip(text_of(asked, key), 300) for key in _SHOWN if key != "path" and key in asked}
    facts["command"] = clip(command, 2000)
    return Tool(name, kind, short_id(call_id), clip(path, PATH_LENGTH), one_line(shown or name), facts, command or said)


def type_of(name: str | None, command: str | None = None) -> str:
    """Return the event type of a call."""
    kind = _type_of(name)
    return classify(command) if kind == _COMMAND and command else kind


@lru_cache(maxsize=1024)
def _type_of(name: str | None) -> str:
    word = (name or "").rsplit("__", 1)[-1].rsplit(".", 1)[-1].lower().replace("-", "_")
    if _BUILD.fullmatch(word):
        return EventType.BUILD_TRIGGER.value
    if _TESTS.fullmatch(word):
        return EventType.TEST_RUN.value
    return next((kind for pattern, kind in _KINDS if pattern.fullmatch(word)), INVOCATION)


def result_text(attributes: Attributes) -> str | None:
    """Return what a tool gave back."""
    return text_of(attributes, *_RESULTS)


def facts_of(tool: Tool, more: dict[str, Any]) -> bytes | None:
    """Return what people query of a call, as a small JSON object."""
    return small_json({**tool.asked, **more})


def _patched(asked: dict[str, Any]) -> str | None:
    said = text_of(asked, "patch", "input", "patchText", "diff")
    found = None if said is None else _PATCHED.search(said)
    return found[1].strip() if found is not None else None


def _command(asked: dict[str, Any]) -> str | None:
    for name in _COMMANDS:
        value = asked.get(name)
        if isinstance(value, list) and value and all(isinstance(word, str) for word in value):
            return value[-1] if len(value) > 1 and value[-2] in ("-c", "-lc") else " ".join(value)
        if isinstance(value, str) and value:
            return value
    return None
