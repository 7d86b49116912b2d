"""Small Claude Code sessions for tests of the command line, and the way to run a command."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

import pytest

from agentobs.cli import main

PRICED, UNPRICED = "claude-haiku-4-5-20251001", "acme-coder-1"


class Said(NamedTuple):
    """What a command printed and returned."""

    code: int
    out: str
    err: str


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> Said:
    """Run a command in this process."""
    capsys.readouterr()
    code = main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return Said(code, printed.out, printed.err)


def lines(session: str, answers: Sequence[str] = (PRICED,), prompt: str = "add the rates", first: int = 0) -> list[str]:
    """The lines of a session that begins with a prompt; one response by each of the models."""
    records = [_record(session, first, type="user", message={"role": "user", "content": prompt})]
    for place, model in enumerate(answers, first + 1):
        usage = {
            "input_tokens": 100,
            "output_tokens": 10,
            "cache_read_input_tokens": 1000,
            "cache_creation_input_tokens": 0,
        }
        message = {"id": f"msg_{session}_{place:020}", "role": "assistant", "model": model, "usage": usage,
                   "content": [{"type": "text", "text": f"answer {place}"}], "stop_reason": "end_turn"}  # fmt: skip
        records.append(_record(session, place, type="assistant", message=message, requestId=f"req_{session}_{place}"))
    return [json.dumps(record) for record in records]


def write(folder: Path, session: str, answers: Sequence[str] = (PRICED,), prompt: str = "add the rates") -> Path:
    """Write a session's file and return its path."""
    path = folder / "projects" / "-home-ada-shop" / f"{session}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines(session, answers, prompt)) + "\n", encoding="utf-8")
    return path


def _record(session: str, place: int, **more: object) -> dict[str, object]:
    return {
        "uuid": str(uuid5(NAMESPACE_URL, f"{session} {place}")),
        "parentUuid": None if place == 0 else str(uuid5(NAMESPACE_URL, f"{session} {place - 1}")),
        "sessionId": str(uuid5(NAMESPACE_URL, session)),
        "timestamp": f"2026-03-09T10:00:{place:02}.000Z",
        "cwd": "/home/ada/shop", "version": "2.1.49", "gitBranch": "main", "userType": "external", "isSidechain": False,
        **more,
    }  # fmt: skip
