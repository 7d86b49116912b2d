"""Labelled sessions as Claude Code records them."""

from __future__ import annotations

from _samples.labelled.acts import Acts
from _samples.log import Json, Result
from _samples.session import Session
from _samples.shapes import numbered


class ClaudeScene(Acts, Session):
    """A session of Claude Code."""

    agent = "claude_code"

    def read_part(self, path: str, first: int, count: int) -> None:
        """Read some lines of a file."""
        lines = self.sources[path].splitlines()
        text = "\n".join(lines[first - 1 : first - 1 + count])
        kept = {"filePath": self.full(path), "content": text, "numLines": count, "startLine": first}
        kept["totalLines"] = len(lines)
        arguments = {"file_path": self.full(path), "offset": first, "limit": count}
        self.use("Read", arguments, Result(numbered(text, first), {"type": "text", "file": kept}))

    def stop(self) -> None:
        self.interrupt()

    def use_plain(self, name: str, arguments: Json, text: str, *, seconds: float = 0.1) -> None:
        """Any other tool that answers with a text."""
        self.use(name, arguments, Result(text, {"content": text}, seconds=seconds))
