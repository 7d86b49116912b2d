"""The records of one session file: their envelope, their ids, their clock."""

from __future__ import annotations

import base64
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Json = dict[str, Any]

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@dataclass
class Clock:
    """The time of a session, shared with its subagents."""

    now: datetime

    def wait(self, seconds: float) -> None:
        self.now += timedelta(milliseconds=round(seconds * 1000))

    def stamp(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{self.now.microsecond // 1000:03d}Z"


@dataclass
class Story:
    """The files that belong together: their records by path, and the source of their ids."""

    rng: random.Random
    files: dict[str, list[Json]] = field(default_factory=dict)
    short_ids: list[str] = field(default_factory=list)  # ids without a telling shape: agents and commits

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def api_id(self, prefix: str) -> str:
        return f"{prefix}01" + "".join(self.rng.choices(ALPHABET, k=22))

    def short_id(self, first: str = "", digits: int = 7) -> str:
        self.short_ids.append(f"{first}{self.rng.getrandbits(128):032x}"[:digits])
        return self.short_ids[-1]

    def signature(self) -> str:
        return base64.b64encode(
            bytes(self.rng.getrandbits(8) for _ in range(self.rng.choice((330, 510, 690))))
        ).decode()


@dataclass
class Result:
    """What a tool gave back: as the model sees it, as Claude Code keeps it."""

    content: str | list[Json]
    kept: Any
    is_error: bool | None = None
    seconds: float = 0.05
    progress: list[str] = field(default_factory=list)


@dataclass
class Log:
    """One session file in the making."""

    story: Story
    cwd: str
    clock: Clock
    version: str
    model: str
    branch: str = "main"
    slug: str = ""
    cache_minutes: int = 5
    sources: dict[str, str] = field(default_factory=dict)
    session_id: str = ""
    agent_id: str = ""
    file: list[Json] | None = None
    watch: Callable[[Json], None] | None = None

    def __post_init__(self) -> None:
        self.session_id = self.session_id or self.story.uuid()
        self.records = self.file if self.file is not None else self.story.files.setdefault(self.path(), [])
        self.leaf: str | None = None
        self.snapshot: Json | None = None
        self.context, self.unsent, self.searches = 0, self.story.rng.randint(3_500, 7_500), 0
        self.last_call = self.prompted = self.clock.now
        self.blocks: list[Json] = []
        self.results: list[tuple[Json, Result]] = []
        self.in_parallel = False
        self.todos: list[Json] = []
        if self.sidechain_file:
            self.unsent = self.story.rng.randint(9_000, 12_000)

    @property
    def sidechain_file(self) -> bool:
        return bool(self.agent_id)

    def since(self, version: str) -> bool:
        """Whether this Claude Code is at least of that version."""
        return tuple(map(int, self.version.split("."))) >= tuple(map(int, version.split(".")))

    def path(self) -> str:
        folder = "projects/" + self.cwd.replace("/", "-")
        if not self.agent_id:
            return f"{folder}/{self.session_id}.jsonl"
        inside = f"{self.session_id}/subagents/" if self.since("2.1.0") else ""
        return f"{folder}/{inside}agent-{self.agent_id}.jsonl"

    # -- records

    def bare(self, kind: str, **fields: Any) -> None:
        """A record without envelope."""
        self.records.append({"type": kind, **fields})

    def record(self, kind: str, first: Json, last: Json | None = None, *, parent: str | None = "") -> Json:
        """A record with its envelope; `parent` other than the last record leaves the chain where it was."""
        made: Json = {
            "parentUuid": self.leaf if parent == "" else parent,
            "isSidechain": self.sidechain_file,
            "userType": "external",
            **({"entrypoint": "cli"} if self.since("2.1.78") else {}),
            "cwd": self.cwd,
            "sessionId": self.session_id,
            "version": self.version,
            "gitBranch": self.branch,
        }
        if self.agent_id and self.since("2.0.0"):
            made["agentId"] = self.agent_id
        if self.slug:
            made["slug"] = self.slug
        made |= {"type": kind, **first, "uuid": self.story.uuid(), "timestamp": self.clock.stamp(), **(last or {})}
        self.records.append(made)
        if kind != "progress":
            self.leaf = made["uuid"]
        if self.watch and kind in ("user", "assistant"):
            self.watch(made)
        return made

    def progress(self, data: Json, tool_id: str, parent_tool_id: str, parent: str | None) -> None:
        self.record("progress", {"data": data, "toolUseID": tool_id, "parentToolUseID": parent_tool_id}, parent=parent)

    def hook(self, event: str, name: str, command: str) -> None:
        """A hook that runs, as versions until 2.1.6x log it."""
        tool_id = self.story.uuid()
        self.progress(
            {"type": "hook_progress", "hookEvent": event, "hookName": name, "command": command},
            tool_id,
            tool_id,
            self.leaf,
        )

    def attachment(self, kind: str, **fields: Any) -> None:
        self.record("attachment", {"attachment": {"type": kind, **fields}})

    def queue(self, operation: str, content: str | None = None) -> None:
        said = {} if content is None else {"content": content}
        self.bare(
            "queue-operation", operation=operation, timestamp=self.clock.stamp(), sessionId=self.session_id, **said
        )
