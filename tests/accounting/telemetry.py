"""Lines of OTLP/JSON as the agents' own telemetry writes them: log events, and the metric of active time."""

import json
from typing import Any

from agentobs.events import parse_timestamp
from tests.accounting.records import NOON, long, name

CLAUDE, CODEX, GEMINI = "claude-code", "codex_cli_rs", "gemini-cli"
_SESSION = {CLAUDE: "session.id", CODEX: "conversation.id", GEMINI: "session.id"}
_PREFIX = {CLAUDE: "", CODEX: "codex.", GEMINI: "gemini_cli."}
TOOL = "toolu_01Telemetry0000000000001"


def nanoseconds(at: str) -> int:
    """A time as OTLP counts it."""
    stamp = parse_timestamp(at)
    assert stamp is not None
    return stamp.ts * 1000


def event(kind: str, *, at: str = NOON, session: str = "a", service: str = CLAUDE, **said: Any) -> dict[str, Any]:
    """A log record; `__` in a name stands for a dot, None leaves it out."""
    given = {"event.name": _PREFIX[service] + kind, _SESSION[service]: name(session)}
    given |= {key.replace("__", "."): value for key, value in said.items() if value is not None}
    record: dict[str, Any] = {"timeUnixNano": str(nanoseconds(at)), "attributes": _attributes(given)}
    if service == CLAUDE:
        record["body"] = {"stringValue": f"claude_code.{kind}"}
    return record


def logs(*records: dict[str, Any], service: str = CLAUDE, **resource: str) -> bytes:
    """A line: one export request of log records."""
    attributes = _attributes({"service.name": service, **{key.replace("__", "."): v for key, v in resource.items()}})
    group = {"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": list(records)}]}
    return json.dumps({"resourceLogs": [group]}).encode()


def active(seconds: float, who: str = "cli", *, at: str = NOON, session: str = "a", temporality: int = 1) -> bytes:
    """A line of metrics: how long a session was active (1: since the last point, 2: since the start)."""
    point = {
        "attributes": _attributes({"session.id": name(session), "type": who}),
        "startTimeUnixNano": str(nanoseconds(NOON)),
        "timeUnixNano": str(nanoseconds(at)),
        "asDouble": seconds,
    }
    cost = {"name": "claude_code.cost.usage", "sum": {"aggregationTemporality": 1, "dataPoints": [point]}}
    time = {"name": "claude_code.active_time.total", "unit": "s"}
    time["sum"] = {"aggregationTemporality": temporality, "isMonotonic": True, "dataPoints": [point]}  # pyright: ignore[reportArgumentType]
    group = {"resource": {"attributes": []}, "scopeMetrics": [{"metrics": [cost, time]}]}
    return json.dumps({"resourceMetrics": [group]}).encode()


def asked(text: str = "Go on", **more: Any) -> dict[str, Any]:
    """A prompt."""
    return event("user_prompt", prompt=text, prompt_length=str(len(text)), **more)


def answered(request: str | None, given: int = 10, output: int = 20, **more: Any) -> dict[str, Any]:
    """A response of Claude Code, with its usage."""
    said = {"model": "claude-sonnet-4-5-20250929", "input_tokens": given, "output_tokens": output, **more}
    return event("api_request", request_id=long("req", request), **said)


def ran(milliseconds: int, *, tool: str | None = TOOL, **more: Any) -> dict[str, Any]:
    """What a tool gave back."""
    return event("tool_result", tool_name="Bash", tool_use_id=tool, success="true", duration_ms=milliseconds, **more)


def decided(decision: str = "accept", **more: Any) -> dict[str, Any]:
    """What was decided about a call."""
    return event("tool_decision", tool_name="Bash", tool_use_id=TOOL, decision=decision, source="user", **more)


def _attributes(said: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = {str: "stringValue", int: "intValue", float: "doubleValue"}
    return [{"key": key, "value": {kinds[type(value)]: value}} for key, value in said.items()]
