"""The tools of a session, its subagents, and the copies that Claude Code makes of its history."""

from __future__ import annotations

import difflib
import fnmatch
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from _samples.conversation import Conversation
from _samples.log import Clock, Json, Result
from _samples.shapes import numbered, patch, picture_block

REFUSED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, the "
    "new_string was NOT written to the file). STOP what you are doing and wait for the user to tell you how to proceed."
)
TODOS_SAVED = "Todos have been modified successfully. Continue with the current tasks if applicable"


class Session(Conversation):
    """A session: one call is one thing that happened in it."""

    # -- tools

    @contextmanager
    def parallel(self) -> Iterator[None]:
        """Tools called inside belong to one response."""
        self.in_parallel = True
        yield
        self.in_parallel = False
        self.respond("tool_use")

    def use(self, name: str, arguments: Json, result: Result) -> None:
        block = {"type": "tool_use", "id": self.story.api_id("toolu_"), "name": name, "input": arguments}
        self.blocks.append(block)
        self.results.append((block, result))
        if not self.in_parallel:
            self.respond("tool_use")

    def fail(self, name: str, arguments: Json, message: str, *, seconds: float = 0.03) -> None:
        """A tool that refuses its arguments."""
        shown = f"<tool_use_error>{message}</tool_use_error>"
        self.use(name, arguments, Result(shown, f"Error: {message}", True, seconds))

    def start(self, name: str, arguments: Json) -> None:
        """A tool that is called, and whose result never comes."""
        self.blocks.append({"type": "tool_use", "id": self.story.api_id("toolu_"), "name": name, "input": arguments})

    def deny(self, name: str, arguments: Json, *, after: float = 8) -> None:
        """A tool that the person does not let run."""
        self.use(name, arguments, Result(REFUSED, f"Error: {REFUSED}", True, after))

    def full(self, path: str) -> str:
        return f"{self.cwd}/{path}"

    def read(self, path: str) -> None:
        text = self.sources[path]
        count = len(text.splitlines())
        kept = {"filePath": self.full(path), "content": text, "numLines": count, "startLine": 1, "totalLines": count}
        self.use("Read", {"file_path": self.full(path)}, Result(numbered(text), {"type": "text", "file": kept}))

    def changed(self, path: str, before: str | None, after: str) -> Json:
        """Keep a file's new text; Claude Code first backs up the old one."""
        self.sources[path] = after
        if self.snapshot is not None and path not in self.snapshot["trackedFileBackups"]:
            name = None if before is None else f"{zlib.crc32(path.encode()):08x}{self.story.rng.getrandbits(32):08x}@v1"
            backup = {"backupFileName": name, "version": 1, "backupTime": self.clock.stamp()}
            self.snapshot = self.snapshot | {"trackedFileBackups": self.snapshot["trackedFileBackups"] | {path: backup}}
            line = {"messageId": self.story.uuid(), "snapshot": self.snapshot, "isSnapshotUpdate": True}
            self.bare("file-history-snapshot", **line)
        return {"originalFile": before, "structuredPatch": patch(before or "", after) if before else []}

    def write(self, path: str, text: str) -> None:
        before = self.sources.get(path)
        told = self.changed(path, before, text)
        kept = {"type": "update" if before else "create", "filePath": self.full(path), "content": text, **told}
        said = f"File created successfully at: {self.full(path)}"
        if before:
            said = (
                f"The file {self.full(path)} has been updated. Here's the result of running `cat -n`:\n{numbered(text)}"
            )
        self.use("Write", {"file_path": self.full(path), "content": text}, Result(said, kept))

    def edit(self, path: str, old: str, new: str) -> None:
        before = self.sources[path]
        if old not in before:
            raise ValueError(f"{path} does not hold {old!r}")
        told = self.changed(path, before, before.replace(old, new, 1))
        kept = {"filePath": self.full(path), "oldString": old, "newString": new, **told}
        kept |= {"userModified": False, "replaceAll": False}
        said = f"The file {self.full(path)} has been updated successfully."
        arguments = {"file_path": self.full(path), "old_string": old, "new_string": new, "replace_all": False}
        self.use("Edit", arguments, Result(said, kept))

    def multi_edit(self, path: str, edits: list[tuple[str, str]]) -> None:
        before = after = self.sources[path]
        for old, new in edits:
            after = after.replace(old, new, 1)
        told = self.changed(path, before, after)
        listed = [{"old_string": old, "new_string": new, "replace_all": False} for old, new in edits]
        kept = {"filePath": self.full(path), "edits": listed, "originalFileContents": before}
        kept |= {"structuredPatch": told["structuredPatch"], "userModified": False}
        said = f"Applied {len(edits)} edits to {self.full(path)}"
        self.use("MultiEdit", {"file_path": self.full(path), "edits": listed}, Result(said, kept))

    def bash(
        self,
        command: str,
        stdout: str = "",
        *,
        stderr: str = "",
        exit_code: int = 0,
        seconds: float = 0.4,
        description: str = "",
        progress: tuple[str, ...] = (),
    ) -> None:
        arguments = {"command": command, "description": description or f"Run {command.split(maxsplit=1)[0]}"}
        both = "\n".join(part for part in (stdout, stderr) if part)
        if exit_code:
            text = f"Exit code {exit_code}\n{both}" if self.since("2.0.0") else both
            result = Result(text, f"Error: {text}", True, seconds)
        else:
            kept = {"stdout": stdout, "stderr": stderr, "interrupted": False, "isImage": False}
            result = Result(both, kept, False, seconds)
        result.progress = list(progress)
        self.use("Bash", arguments, result)

    def diff(self, committed: dict[str, str]) -> None:
        """What git diff prints after the edits so far."""
        changed = [name for name, text in self.sources.items() if text != committed.get(name)]
        hunks = []
        for name in changed:
            old, new = committed.get(name, "").splitlines(), self.sources[name].splitlines()
            hunks.append(f"diff --git a/{name} b/{name}")
            hunks += difflib.unified_diff(old, new, f"a/{name}", f"b/{name}", lineterm="")
        self.bash("git diff", "\n".join(hunks), seconds=0.1, description="Show what changed")

    def grep(self, pattern: str, path: str = "") -> None:
        """Search in the session's own files."""
        found = [
            f"{self.full(name)}:{number}:{line}"
            for name, text in sorted(self.sources.items())
            if name.startswith(path)
            for number, line in enumerate(text.splitlines(), 1)
            if re.search(pattern, line)
        ]
        content = "\n".join(found) or "No matches found"
        kept = {"mode": "content", "numFiles": 0, "filenames": [], "content": content, "numLines": len(found)}
        arguments = {"pattern": pattern, "path": self.full(path).rstrip("/"), "output_mode": "content", "-n": True}
        self.use("Grep", arguments, Result(content, kept, seconds=0.08))

    def glob(self, pattern: str) -> None:
        names = [self.full(name) for name in sorted(self.sources) if fnmatch.fnmatch(name, pattern)]
        kept = {"filenames": names, "durationMs": 14, "numFiles": len(names), "truncated": False}
        self.use("Glob", {"pattern": pattern}, Result("\n".join(names) or "No files found", kept, seconds=0.02))

    def todo(self, *items: tuple[str, str]) -> None:
        """The list of things to do: (what, status)."""
        new = [{"content": what, "status": status, "activeForm": f"Doing: {what}"} for what, status in items]
        kept, self.todos = {"oldTodos": self.todos, "newTodos": new}, new
        self.use("TodoWrite", {"todos": new}, Result(TODOS_SAVED, kept))

    def web_search(self, query: str, links: dict[str, str], digest: str) -> None:
        found = [{"title": title, "url": url} for title, url in links.items()]
        hits = {"tool_use_id": self.story.api_id("srvtoolu_"), "content": found}
        kept = {"query": query, "results": [hits, digest], "durationSeconds": 7.25}
        said = f'Web search results for query: "{query}"\n\nLinks: {json.dumps(found)}\n\n{digest}'
        self.searches = 1
        self.use("WebSearch", {"query": query}, Result(said, kept, seconds=7.25))

    def mcp(self, server: str, tool: str, arguments: Json, text: str, *, picture: bool = False) -> None:
        blocks: list[Json] = [{"type": "text", "text": text}, *([picture_block()] if picture else [])]
        self.use(f"mcp__{server}__{tool}", arguments, Result(blocks, blocks, seconds=1.4))

    @contextmanager
    def subagent(
        self,
        description: str,
        prompt: str,
        model: str,
        *,
        tool: str = "Task",
        kind: str = "Explore",
        shows_progress: bool = False,
        keeps_file: bool = True,
    ) -> Iterator[Session]:
        """A subagent works inside; its file lies where this version puts it, or nowhere."""
        arguments = {"description": description, "prompt": prompt, "subagent_type": kind}
        block = {"type": "tool_use", "id": self.story.api_id("toolu_"), "name": tool, "input": arguments}
        self.blocks.append(block)
        self.respond("tool_use")
        source, started = str(self.leaf), self.clock.now
        agent = self._open_agent(model, keeps_file=keeps_file)
        if shows_progress:
            agent.watch = lambda made: self._agent_progress(made, agent.agent_id, prompt, block["id"], source)
        agent.prompt(prompt)
        yield agent
        last = agent.records[-1]
        words = last["message"]["content"][0]["text"]
        took = round((self.clock.now - started).total_seconds() * 1000)
        usage = last["message"]["usage"]
        total = sum(count for name, count in usage.items() if name.endswith("_tokens"))
        calls = sum(_calls_tool(made) for made in agent.records if made.get("isSidechain"))
        said = [{"type": "text", "text": words}]
        kept: Json = {"content": said, "totalDurationMs": took, "totalTokens": total, "totalToolUseCount": calls}
        kept["usage"] = usage
        if self.since("2.0.0"):
            kept = {"status": "completed", "prompt": prompt, "agentId": agent.agent_id, **kept}
            how = f"<usage>total_tokens: {total}\ntool_uses: {calls}\nduration_ms: {took}</usage>"
            said = [*said, {"type": "text", "text": f"agentId: {agent.agent_id} (for resuming this agent)\n{how}"}]
        if self.since("2.1.40") and keeps_file:
            self.story.files[agent.path().replace(".jsonl", ".meta.json")] = [{"agentType": kind, "spawnDepth": 1}]
        self.answer_tool(block, Result(said, kept, seconds=0.1), source)

    def _open_agent(self, model: str, *, keeps_file: bool) -> Session:
        file = self.records if not self.since("2.0.0") else None if keeps_file else []
        return Session(
            self.story,
            self.cwd,
            self.clock,
            self.version,
            model,
            branch=self.branch,
            slug=self.slug,
            sources=self.sources,
            session_id=self.session_id,
            agent_id=self.story.short_id("a", 17 if self.since("2.1.78") else 7),
            file=file,
        )

    def _agent_progress(self, made: Json, agent_id: str, prompt: str, tool_id: str, parent: str) -> None:
        """What a subagent does, as its parent's file shows it: the whole message again."""
        kept = ("type", "timestamp", "message", "requestId", "uuid", "toolUseResult")
        message = {name: made[name] for name in kept if name in made}
        data = {"message": message, "normalizedMessages": [], "type": "agent_progress", "prompt": prompt}
        message_id = made["message"].get("id", self.story.api_id("msg_"))
        self.progress({**data, "agentId": agent_id}, f"agent_{message_id}", tool_id, parent)

    # -- copies of history

    def resumed(self, count: int, at: datetime, *, rewrite: bool) -> Session:
        """A new file that begins with this one's first `count` records, kept as they are or put under the new id."""
        new = Session(
            self.story,
            self.cwd,
            Clock(at),
            self.version,
            self.model,
            branch=self.branch,
            slug=self.slug,
            cache_minutes=self.cache_minutes,
            sources=dict(self.sources),
        )
        new.records += [
            {**made, "sessionId": new.session_id} if rewrite and "sessionId" in made else dict(made)
            for made in self.records[:count]
        ]
        chained = [made["uuid"] for made in new.records if made.get("uuid") and made["type"] != "progress"]
        new.leaf = chained[-1]
        new.context, new.unsent = self.context, self.unsent
        new.last_call, new.snapshot = self.last_call, self.snapshot
        return new


def _calls_tool(made: Json) -> bool:
    content = made["message"]["content"] if made.get("type") == "assistant" else ""
    return isinstance(content, list) and content[0]["type"] == "tool_use"
