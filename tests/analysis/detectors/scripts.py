"""Sessions written by hand for tests of detectors: a line each for what was done, and the frames that it makes."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from agentobs import frames
from agentobs.analysis.steps import steps
from agentobs.frames import Frame

START = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
_TYPES = {
    "Read": "file_read", "Edit": "file_write", "Write": "file_create", "Grep": "search_performed",
    "Glob": "search_performed", "Bash": "command_execute",
}  # fmt: skip


class Script:
    """One session, step by step, ten seconds apart; every call and answer is a response of its own unless told."""

    def __init__(self, session: str = "s1", *, agent: str = "claude_code", project: str = "/home/ada/shop") -> None:
        self._session, self._agent, self._project = session, agent, project
        self._now, self._events = START, 0
        self._response = 0
        self._rows: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("events", "tool_calls", "messages", "contents", "model_calls", "sessions")
        }

    def wait(self, seconds: float) -> "Script":
        """Let time pass before the next step."""
        self._now += timedelta(seconds=seconds)
        return self

    def prompt(self, text: str) -> "Script":
        """A human wrote this."""
        return self._message("user_interaction", "user", text, is_human=True)

    def say(
        self, text: str, *, native_type: str = "assistant/text", thread: str | None = None, **usage: Any
    ) -> "Script":
        """The model answered this, in a response of its own."""
        return self._message("llm_response", "assistant", text, native_type, thread, self._usage(thread, usage))

    def think(self, text: str, thread: str | None = None) -> "Script":
        """The model thought this."""
        return self.say(text, native_type="assistant/thinking", thread=thread)

    def interrupt(self) -> "Script":
        """The human stopped the agent."""
        return self._message(
            "user_interaction", "system", "[Request interrupted]", "user/interrupt", status="interrupted"
        )

    def compaction(self) -> "Script":
        """The context was compacted."""
        self._event("context_switch", native_type="system/compact_boundary")
        return self

    def error(self, text: str) -> "Script":
        """The client met an error that is no tool's."""
        self._event("error_encountered", summary=text, severity="error")
        return self

    def call(
        self, tool: str, given: Mapping[str, Any] | str = "", output: str | None = "", *, kind: str | None = None,
        status: str | None = "ok", exit_code: int | None = None, file: str | None = None, seconds: float = 1.0,
        thread: str | None = None, same_response: bool = False, result: bool = True,
        lines: tuple[int, int] | None = None,         **usage: Any,
    ) -> "Script":  # fmt: skip
        """A tool was called with arguments (a dict, or a bare command) and said this."""
        key = f"{self._session}-r{self._response}" if same_response else self._usage(thread, usage)
        kind = kind or _TYPES.get(tool, "tool_invocation")
        text = given if isinstance(given, str) else json.dumps(given)
        path = file or (given.get("file_path") if isinstance(given, Mapping) else None)
        called = self._event(kind, thread=thread, usage_key=key, tool_name=tool)
        row = {
            "event_id": called, "result_event_id": None, "tool_call_id": f"toolu_{called}", "tool_name": tool,
            "type": kind, "started_at": self._now, "ended_at": None, "status": None, "exit_code": None,
            "file_path": path, "target": (path or text)[:300], "duration_ms": None, "model": "claude-sonnet-4-5",
            "lines_added": lines[0] if lines else None, "lines_removed": lines[1] if lines else None,
        }  # fmt: skip
        self._content(called, text)
        if result:
            self._now += timedelta(seconds=seconds)
            answered = self._event("tool_result", thread=thread, status=status, tool_name=tool, step=0)
            row |= {"result_event_id": answered, "ended_at": self._now, "status": status, "exit_code": exit_code,
                    "duration_ms": seconds * 1000}  # fmt: skip
            if output is not None:
                self._content(answered, output)
        self._add("tool_calls", row, thread)
        return self

    def read(self, file: str, output: str = "text", **given: Any) -> "Script":
        """A file was read."""
        return self.call("Read", {"file_path": file, **given}, output)

    def edit(self, file: str, old: str = "a", new: str = "b", *, said: str = "edited", **options: Any) -> "Script":
        """A file was edited."""
        return self.call("Edit", {"file_path": file, "old_string": old, "new_string": new}, said, **options)

    def bash(
        self, command: str, output: str = "", *, kind: str = "command_execute", ok: bool = True, **options: Any
    ) -> "Script":
        """A shell command ran."""
        return self.call("Bash", command, output, kind=kind, status="ok" if ok else "error",
                         exit_code=0 if ok else 1, **options)  # fmt: skip

    def test(self, *failing: str, command: str = "pytest -q") -> "Script":
        """The tests ran; these failed, or none."""
        said = "".join(f"FAILED {name} - assert\n" for name in failing)
        said += f"{len(failing)} failed, 3 passed" if failing else "3 passed"
        return self.bash(command, said, kind="test_run", ok=not failing)

    def frames(self) -> dict[str, pd.DataFrame]:
        """The frames of this session, steps included."""
        return together(self)

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """The rows of each frame."""
        first, last = self._rows["events"][0]["ts"], self._rows["events"][-1]["ts"]
        prompts = [row["text"] for row in self._rows["messages"] if row["is_human"]]
        session = {"session_id": self._session, "root_session_id": self._session, "agent": self._agent,
                   "project": self._project, "started_at": first, "ended_at": last,
                   "objective": prompts[0][:300] if prompts else None, "models": ["claude-sonnet-4-5"],
                   "duration_s": (last - first).total_seconds(), "human_turns": len(prompts)}  # fmt: skip
        return self._rows | {"sessions": [session]}

    def _usage(self, thread: str | None, usage: Mapping[str, Any]) -> str:
        self._response += 1
        key = f"{self._session}-r{self._response}"
        lanes = {"input_tokens": 100, "output_tokens": 10, "cache_read_tokens": 0, "cache_write_5m_tokens": 0,
                 "cache_write_1h_tokens": 0, "cost_usd": 0.01, "model": "claude-sonnet-4-5"} | usage  # fmt: skip
        row = {"usage_key": key, "started_at": self._now, "is_sidechain": thread is not None, "basis": "measured",
               "event_id": self._next_id(), **lanes}  # fmt: skip
        self._add("model_calls", row, thread)
        return key

    def _message(
        self, kind: str, role: str, text: str, native_type: str = "user/text", thread: str | None = None,
        usage_key: str | None = None, *, is_human: bool = False, status: str | None = None,
    ) -> "Script":  # fmt: skip
        event = self._event(kind, role=role, native_type=native_type, thread=thread, usage_key=usage_key,
                            status=status, summary=text[:300])  # fmt: skip
        row = {"event_id": event, "ts": self._now, "seq": self._events, "role": role, "is_human": is_human,
               "native_type": native_type, "text": text}  # fmt: skip
        self._add("messages", row, thread)
        return self

    def _event(self, kind: str, *, thread: str | None = None, step: float = 10.0, **values: Any) -> str:
        self._now += timedelta(seconds=step)
        row = {"event_id": self._next_id(), "ts": self._now, "ts_quality": "exact", "type": kind, "seq": self._events,
               "is_copy": False, "is_sidechain": thread is not None, **values}  # fmt: skip
        self._events += 1
        self._add("events", row, thread)
        return row["event_id"]

    def _next_id(self) -> str:
        return f"{self._session}-e{self._events:04d}"

    def _content(self, event: str, text: str) -> None:
        self._rows["contents"].append({"event_id": event, "text": text})

    def _add(self, name: str, row: dict[str, Any], thread: str | None) -> None:
        self._rows[name].append(
            {"session_id": self._session, "thread_id": thread, "agent": self._agent, "project": self._project, **row}
        )


def together(*scripts: Script) -> dict[str, pd.DataFrame]:
    """The frames of several sessions, with their steps."""
    shapes = {"events": frames.EVENTS, "tool_calls": frames.TOOL_CALLS, "messages": frames.MESSAGES,
              "contents": frames.CONTENTS, "model_calls": frames.MODEL_CALLS, "sessions": frames.SESSIONS}  # fmt: skip
    made = {
        name: _frame([row for script in scripts for row in script.rows()[name]], shape)
        for name, shape in shapes.items()
    }
    made["steps"] = steps(made["events"], made["tool_calls"], made["messages"], made["contents"])
    return made


def _frame(rows: list[dict[str, Any]], shape: Frame) -> pd.DataFrame:
    return frames.conform(pd.DataFrame(rows, columns=shape.names, dtype="object"), shape)
