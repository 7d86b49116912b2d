"""Labelled sessions as Codex records them, with the same acts."""

from __future__ import annotations

import json
import random
import re
import uuid
from typing import Any

from _samples.labelled.acts import Acts
from _samples.labelled.worlds import World
from _samples.log import Clock, Json, Story
from _samples.shapes import tokens

MODEL = "gpt-5.4"
WINDOW = 258_400


class CodexScene(Acts):
    """A session of Codex: each call is one thing that happened in it."""

    agent = "codex"

    def __init__(self, story: Story, world: World, rng: random.Random, clock: Clock) -> None:
        self.story, self.clock, self.sources = story, clock, dict(world.sources)
        self.prepare(world, rng)
        self.session_id = self.uuid7()
        day = clock.now.strftime("%Y/%m/%d")
        name = f"sessions/{day}/rollout-{clock.now.strftime('%Y-%m-%dT%H-%M-%S')}-{self.session_id}.jsonl"
        self.records = story.files.setdefault(name, [])
        self.context, self.total, self.calls = rng.randint(9_000, 14_000), 0, 0
        self.waiting: list[tuple[str, str]] = []
        self.turn = ""
        git = {"commit_hash": f"{rng.getrandbits(32):08x}", "branch": "main"}
        meta = {"id": self.session_id, "timestamp": clock.stamp(), "cwd": world.cwd, "originator": "codex-tui"}
        meta |= {"cli_version": "0.118.0", "source": "cli", "model_provider": "openai", "git": git}
        self.line("session_meta", meta)

    def uuid7(self) -> str:
        bits = int(self.clock.now.timestamp() * 1000) << 80 | 0x7 << 76 | self.rng.getrandbits(12) << 64
        return str(uuid.UUID(int=bits | 0b10 << 62 | self.rng.getrandbits(62)))

    def line(self, kind: str, payload: Json) -> None:
        self.records.append({"timestamp": self.clock.stamp(), "type": kind, "payload": payload})

    def event(self, kind: str, **fields: Any) -> None:
        self.line("event_msg", {"type": kind, **fields})

    # -- words

    def prompt(self, text: str, *, after: float = 0) -> None:
        self.clock.wait(after)
        self.turn = self.uuid7()
        self.event("task_started", turn_id=self.turn, model_context_window=WINDOW)
        told = {"cwd": self.world.cwd, "approval_policy": "on-request", "sandbox_policy": {"type": "workspace-write"}}
        self.line("turn_context", {**told, "model": MODEL, "effort": "high", "summary": "auto", "turn_id": self.turn})
        said = [{"type": "input_text", "text": text}]
        self.line("response_item", {"type": "message", "role": "user", "content": said})
        self.event("user_message", message=text, images=[])
        self.context += tokens(text)

    def say(self, text: str) -> None:
        self.waiting.append(("say", text))

    def think(self, text: str) -> None:
        self.waiting.append(("think", text))

    def respond(self) -> None:
        """Write the kept words of one response."""
        self.clock.wait(1.5 + 3 * self.rng.random())
        words, self.waiting = self.waiting, []
        for kind, text in words:
            if kind == "think":
                summary = [{"type": "summary_text", "text": text}]
                self.line("response_item", {"type": "reasoning", "summary": summary, "encrypted_content": "gAAAA"})
                self.event("agent_reasoning", text=text)
            else:
                self.event("agent_message", message=text)
                said = [{"type": "output_text", "text": text}]
                self.line("response_item", {"type": "message", "role": "assistant", "content": said})
        self.output = sum(tokens(text) for _, text in words) + self.rng.randint(40, 160)

    def count(self) -> None:
        """The usage of the response so far."""
        last = {"input_tokens": self.context, "cached_input_tokens": int(self.context * 0.9)}
        last |= {"output_tokens": self.output, "reasoning_output_tokens": self.output // 3}
        last["total_tokens"] = self.context + self.output
        self.total += last["total_tokens"]
        summed = {**last, "total_tokens": self.total}
        info = {"total_token_usage": summed, "last_token_usage": last, "model_context_window": WINDOW}
        self.event("token_count", info=info, rate_limits=None)
        self.context += self.output + self.rng.randint(100, 400)

    def done(self) -> None:
        self.respond()
        self.count()
        self.event("task_complete", turn_id=self.turn, last_agent_message=None)

    def stop(self) -> None:
        self.clock.wait(3)
        self.event("turn_aborted", turn_id=self.turn, reason="interrupted")

    def compact(self, summary: str, *, trigger: str = "auto") -> None:
        del trigger
        self.clock.wait(20)
        self.line("compacted", {"message": summary, "replacement_history": []})
        self.context = 16_000

    def weigh(self, count: int) -> None:
        """Prompt tokens that the file does not show."""
        self.context += count

    # -- tools

    def call_id(self) -> str:
        self.calls += 1
        return f"call_{self.rng.getrandbits(100):025x}"

    def call(self, name: str, arguments: Json) -> str:
        call_id = self.call_id()
        self.respond()
        given = json.dumps(arguments)
        self.line("response_item", {"type": "function_call", "name": name, "arguments": given, "call_id": call_id})
        return call_id

    def answer(self, call_id: str, output: str, kind: str = "function_call_output") -> None:
        self.context += tokens(output)
        self.count()
        self.line("response_item", {"type": kind, "call_id": call_id, "output": output})

    def bash(
        self, command: str, stdout: str = "", *, stderr: str = "", exit_code: int = 0, seconds: float = 0.4, **_: Any
    ) -> None:
        call_id = self.call("shell_command", {"command": command, "workdir": self.world.cwd})
        self.clock.wait(seconds)
        both = "\n".join(part for part in (stdout, stderr) if part)
        span = {"secs": int(seconds), "nanos": round(seconds % 1 * 1e9)}
        told = {"call_id": call_id, "turn_id": self.turn, "command": ["/bin/bash", "-lc", command]}
        told |= {"cwd": self.world.cwd, "parsed_cmd": [], "source": "agent", "stdout": stdout, "stderr": stderr}
        told |= {"aggregated_output": both, "exit_code": exit_code, "duration": span, "formatted_output": ""}
        self.event("exec_command_end", **told, status="failed" if exit_code else "completed")
        self.answer(call_id, f"Exit code: {exit_code}\nWall time: {seconds:.1f} seconds\nOutput:\n{both}\n")

    def start(self, name: str, arguments: Json) -> None:
        """A command that is called, and whose result never comes."""
        del name
        self.call("shell_command", {"command": arguments.get("command", "make all"), "workdir": self.world.cwd})

    def read(self, path: str) -> None:
        self.bash(f"cat {path}", self.sources[path], seconds=0.05)

    def read_part(self, path: str, first: int, count: int) -> None:
        lines = self.sources[path].splitlines()[first - 1 : first - 1 + count]
        self.bash(f"sed -n '{first},{first + count - 1}p' {path}", "\n".join(lines), seconds=0.05)

    def grep(self, pattern: str, path: str = "") -> None:
        found = [
            f"{name}:{number}:{line}"
            for name, text in sorted(self.sources.items())
            if name.startswith(path)
            for number, line in enumerate(text.splitlines(), 1)
            if re.search(pattern, line)
        ]
        self.bash(f"rg -n '{pattern}' {path}".rstrip(), "\n".join(found), exit_code=0 if found else 1, seconds=0.06)

    def edit(self, path: str, old: str, new: str) -> None:
        before = self.sources[path]
        if old not in before:
            raise ValueError(f"{path} does not hold {old!r}")
        self.sources[path] = before.replace(old, new, 1)
        lines = [f"-{line}" for line in old.splitlines()] + [f"+{line}" for line in new.splitlines()]
        self.patch("Update", path, ["@@", *lines], {"type": "update", "unified_diff": "\n".join(["@@", *lines])})

    def write(self, path: str, text: str) -> None:
        self.sources[path] = text
        lines = [f"+{line}" for line in text.splitlines()]
        self.patch("Add", path, lines, {"type": "add", "content": text})

    def patch(self, verb: str, path: str, lines: list[str], change: Json) -> None:
        call_id = self.call_id()
        self.respond()
        given = "\n".join(["*** Begin Patch", f"*** {verb} File: {path}", *lines, "*** End Patch"])
        called = {"type": "custom_tool_call", "status": "completed", "call_id": call_id, "name": "apply_patch"}
        self.line("response_item", {**called, "input": given})
        self.clock.wait(0.1)
        changes = {f"{self.world.cwd}/{path}": change}
        told = {"call_id": call_id, "turn_id": self.turn, "stdout": "Success.", "stderr": "", "success": True}
        self.event("patch_apply_end", **told, status="completed", changes=changes)
        output = f"Success. Updated the following files:\n{verb[0]} {path}\n"
        metadata = {"exit_code": 0, "duration_seconds": 0.0}
        self.answer(call_id, json.dumps({"output": output, "metadata": metadata}), "custom_tool_call_output")

    def todo(self, *items: tuple[str, str]) -> None:
        plan = [{"step": what, "status": status} for what, status in items]
        call_id = self.call("update_plan", {"plan": plan})
        self.answer(call_id, "Plan updated")
