"""Steps of sessions written as letters: r read, s search, e edit, t test that passes, f that fails, x submit."""

from datetime import UTC, datetime, timedelta

import pandas as pd

from agentobs.frames import STEPS
from tests.analysis.samples import frame

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
LETTERS = {
    "r": {"type": "file_read", "tool_name": "Read"},
    "s": {"type": "search_performed", "tool_name": "Grep"},
    "e": {"type": "file_write", "tool_name": "Edit", "failed": False},
    "c": {"type": "command_execute", "tool_name": "Bash", "command": "ls"},
    "t": {"type": "test_run", "tool_name": "Bash", "command": "pytest", "passed": True, "failed": False},
    "f": {"type": "test_run", "tool_name": "Bash", "command": "pytest", "passed": False, "failed": True},
    "x": {"type": "tool_invocation", "tool_name": "submit"},
}


def steps(
    sessions: dict[str, str], *, said: dict[str, str] | None = None, timed: bool = True, **same: object
) -> pd.DataFrame:
    """Return STEPS of sessions: a call a letter, each lasting 2 seconds, 10 seconds from start to start."""
    rows: list[dict[str, object]] = []
    for session, letters in sessions.items():
        own = {"session_id": session, "agent": "codex", "project": "/shop", "timed": timed} | same
        place = 0
        for text, kind in ((f"please fix {session}", "prompt"), ((said or {}).get(session), "answer")):
            if text is not None:
                rows.append(own | {"step": place, "kind": kind, "type": "user_interaction", "text": text,
                                   "event_id": f"{session}-{place}", "started_at": START})  # fmt: skip
                place += 1
        for number, letter in enumerate(letters):
            begin = START + timedelta(seconds=10 * number)
            when = {"started_at": begin, "ended_at": begin + timedelta(seconds=2)}
            call = {"step": place, "kind": "call", "event_id": f"{session}-{place}", "file_path": "a.py"}
            rows.append(own | call | when | LETTERS[letter])
            place += 1
    return frame(STEPS, rows)
