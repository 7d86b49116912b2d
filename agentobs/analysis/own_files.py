"""Own files: which checks run only what the session itself wrote, and so say only what the agent believes."""

import re

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._sequences import base_name

_WRITTEN = re.compile(r"(?:>{1,2}\s*|\btouch\s+|\btee\s+(?:-a\s+)?)([\w./~-]+\.\w+)")
_WORDS = re.compile(r"[\s'\"=;&|()<>]+|::")


def own_checks(steps: pd.DataFrame, checks: np.ndarray) -> np.ndarray:
    """Return which of these checks name a file that their session created before, by a call or in its shell.

    A test added to a file that was there is none: the rest of the file was written by others. Without the command it
    is unknown, and not counted as own.
    """
    calls = (steps["kind"] == "call").to_numpy(bool)
    created = calls & (steps["type"] == "file_create").to_numpy(bool) & steps["file_path"].notna().to_numpy(bool)
    created &= ~steps["failed"].fillna(value=False).to_numpy(bool)
    shell = calls & steps["command"].str.contains(">|touch|tee", regex=True, na=False).to_numpy(bool)
    own, mine = np.zeros(len(steps), dtype=bool), dict[str, set[str]]()
    rows = np.flatnonzero(created | shell | checks)
    columns = steps[["session_id", "file_path", "command"]].iloc[rows].itertuples(index=False)
    for row, (session, path, command) in zip(rows.tolist(), columns, strict=True):
        files = mine.setdefault(session, set())
        if checks[row] and isinstance(command, str):
            own[row] = not files.isdisjoint(base_name(word) for word in _WORDS.split(command) if word)
        if created[row]:
            files.add(base_name(path))
        elif shell[row]:
            files.update(base_name(name) for name in _WRITTEN.findall(command))
    return own
