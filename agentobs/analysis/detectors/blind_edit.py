"""Edits of files that the agent never saw: not in this session, or not since the last compaction or outside change.

A file counts as seen once a read, a command or a search printed it, a message brought it along, or the session wrote
it. Creating or deleting a file is no edit, nor is writing one whole unless the result says that there was one before.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from agentobs.analysis.derive.edits import CHANGES
from agentobs.analysis.derive.sessions import COMMANDS
from agentobs.analysis.detectors import _reading
from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._endings import sessions_of
from agentobs.analysis.detectors._sequences import base_name, edits_of, filtered, flags

_OVERWRITES = re.compile(r"\b(?:updated|overwr\w+|modified|replaced)\b", re.IGNORECASE)
_CREATES = re.compile(r"\"command\": ?\"create\"|\*\*\* Add File|\bnew file\b|\bcreated\b", re.IGNORECASE)
_EDITOR = re.compile(r"edit|patch|insert|replace|shell|exec|bash", re.IGNORECASE)
_PULLS = re.compile(
    r"\bgit\s+(?:pull|merge|rebase|switch|cherry-pick|reset\s+--hard"
    r"|checkout\s+(?!-)[\w./-]+\s*(?:$|[;&|]))"
)
_FORMATS = re.compile(
    r"\b(?:prettier\b[^|;&]*(?:--write|-w)\b|black\s|ruff\s+(?:format|check\b[^|;&]*--fix)|isort\s|gofmt\s+-w"
    r"|rustfmt\s|cargo\s+fmt"
    r"|eslint\b[^|;&]*--fix|clang-format\s+-i|git\s+(?:checkout|restore)\b(?!\s+--staged))"
)


_COLUMNS = ("session_id", "thread_id", "kind", "type", "tool_name", "file_path", "failed", "command", "target", "text",
            "output", "output_chars", "old_text", "new_text", "lines_removed")  # fmt: skip


class _Steps(NamedTuple):
    """Columns of the steps as lists."""

    kind: list[str]
    type: list[str]
    tool: list[object]
    path: list[object]
    asked: list[str]
    output: Sequence[object]
    size: list[object]


class _Whole:
    """Tells of a write whether it made a file or wrote it whole, without saying that there was one before."""

    def __init__(self, steps: pd.DataFrame) -> None:
        names = ("tool_name", "text", "output", "old_text", "new_text", "lines_removed")
        self._columns = [steps[name] for name in names]

    def __call__(self, row: int) -> bool:
        tool, text, said, old, new, removed = (column.iloc[row] for column in self._columns)
        if isinstance(old, str) and old:
            return False
        creates = any(isinstance(part, str) and _CREATES.search(part[:300]) for part in (text, said))
        editor = isinstance(tool, str) and _EDITOR.search(tool) is not None
        there = (isinstance(said, str) and _OVERWRITES.search(said[:300])) or (pd.notna(removed) and removed > 0)
        return creates or (isinstance(new, str) and not editor and not there)


def find(steps: pd.DataFrame) -> pd.DataFrame:
    """Edits of files that the session had not seen (2604.02547).

    Parameters
    ----------
    steps : frame of STEPS

    Returns
    -------
    HITS, one for each file and blind edit; the file counts as seen afterwards. Evidence: the edit, and the compaction
    or the command that changed the file from outside, if that is why. Severity: medium where the session never saw the
    file, low where it did before that. Confidence: 0.9; 0.6 after a compaction (its summary may tell) or an outside
    change, or where it is unknown what an edit replaced or what earlier calls did. Reads that failed are none; edits
    that failed are none; a read whose outcome is unknown is one. Nothing was certainly in vain.
    """
    return hits(_found(steps))


def _found(steps: pd.DataFrame) -> Iterator[Hit]:
    wanted = steps["kind"].isin(["call", "prompt", "note", "compaction"]).to_numpy(bool)
    steps = filtered(steps, wanted, _COLUMNS)
    index = steps.index.to_numpy()
    edited = edits_of(steps) & (steps["kind"] == "call").to_numpy(bool)
    writes = edited & (steps["type"] == "file_write").to_numpy(bool)
    failed = flags(steps["failed"])
    asked = steps["text"].where(steps["text"].notna(), steps["command"])
    asked = asked.where(asked.notna(), steps["target"]).fillna("")
    kind, type_, tool, path = (steps[name].tolist() for name in ("kind", "type", "tool_name", "file_path"))
    size = steps["output_chars"].astype("object").tolist()
    data = _Steps(kind, type_, tool, path, asked.tolist(), steps["output"].array, size)
    whole = _Whole(steps)
    unknown = (steps["old_text"].isna() & steps["new_text"].isna()).tolist()
    main = steps["thread_id"].isna().tolist()
    for rows in sessions_of(steps):
        if not writes[rows].any():
            continue
        for row, cause in _blind(rows.tolist(), data, edited, failed, whole, main):
            yield _hit(index, data, row, cause, sure=not unknown[row] and not _dark(rows, row, data))


def _blind(
    rows: list[int], data: _Steps, edited: np.ndarray, failed: np.ndarray, whole: _Whole, main: list[bool]
) -> Iterator[tuple[int, int | None]]:
    """Yield blind edits and what made the file unknown again, if anything did."""
    known: dict[str, list[str]] = {}
    forgotten: dict[str, int] = {}
    since, cause = 0, None
    for place, row in enumerate(rows):
        path, kind = data.path[row], data.type[row]
        if data.kind[row] == "compaction" and main[row]:
            known, since, cause, forgotten = {}, place, row, {}
        elif data.kind[row] != "call" or failed[row]:
            continue
        elif isinstance(path, str) and (kind == "file_read" or edited[row]):
            name = base_name(path)
            seen = any(_reading.same_file(path, other) for other in known.get(name, ()))
            if kind == "file_write" and edited[row] and not seen and not whole(row):
                outside = forgotten.get(name)
                start = since if outside is None else rows.index(outside)
                if not any(_shows(name, one, data, failed=bool(failed[one])) for one in rows[start:place]):
                    yield row, outside if outside is not None else cause
            known.setdefault(name, []).append(path)
        elif kind in COMMANDS:
            _forget(row, data.asked[row], known, forgotten)


def _forget(row: int, command: str, known: dict[str, list[str]], forgotten: dict[str, int]) -> None:
    """Forget the files that a command changed from outside."""
    if _PULLS.search(command):
        names = list(known)
    elif _FORMATS.search(command):
        names = [name for name in known if name in command]
    else:
        return
    for name in names:
        del known[name]
        forgotten[name] = row


def _shows(name: str, row: int, data: _Steps, *, failed: bool) -> bool:
    """Whether a step showed the file of this name; a command or an edit that failed may have."""
    kind, asked, output = data.type[row], data.asked[row], data.output[row]
    if data.kind[row] in {"prompt", "note"}:
        return _reading.words_show(name, asked)
    if data.kind[row] != "call":
        return False
    if kind == "search_performed":
        return not failed and _reading.search_shows(name, asked, output)
    if kind in CHANGES:
        return isinstance(output, str) and name in output and _reading.shows_lines(output)
    if kind in COMMANDS:
        return _reading.command_shows(name, asked, output, data.size[row])
    read = kind == "tool_invocation" or (kind == "file_read" and not isinstance(data.path[row], str))
    return read and not failed and _reading.tool_shows(name, data.tool[row], asked, output)


def _dark(rows: np.ndarray, row: int, data: _Steps) -> bool:
    """An earlier call of which nobody knows what it was asked."""
    return any(data.kind[one] == "call" and not data.asked[one] for one in rows[rows < row].tolist())


def _hit(index: np.ndarray, data: _Steps, row: int, cause: int | None, *, sure: bool) -> Hit:
    name = base_name(str(data.path[row]))
    if cause is None:
        why = f"{name} was edited and this session had never read it"
    elif data.kind[cause] == "compaction":
        why = f"{name} was edited and had not been read since the compaction"
    else:
        why = f"{name} was edited and had not been read since a command changed it"
    return Hit(
        index[[row] if cause is None else [cause, row]],
        [],
        "medium" if cause is None else "low",
        0.9 if sure and cause is None else 0.6,
        why,
    )


DETECTOR = Detector(
    name="blind_edit",
    version=1,
    title="Edited without a look",
    definition="An edit of a file that this session, since the last compaction or outside change, never read.",
    source="arXiv 2604.02547",
    find=find,
)
