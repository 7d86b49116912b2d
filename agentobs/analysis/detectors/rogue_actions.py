"""Acting without looking: actions that depend on each other, sent together, before any of their results was read.

What a command makes is known where its line names it (`mkdir`, `>`, `-o`, `--out`), not otherwise.
On labelled sessions (`agentobs detectors bench`): precision 1, recall 1, measured after version 2 had been made with
those sessions known.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from agentobs.analysis.derive.edits import CHANGES
from agentobs.analysis.derive.sessions import COMMANDS
from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._sequences import base_name, calls_of, codes, flags, threads
from agentobs.analysis.steps import CHECKS

_PUBLISHES = re.compile(r"\bgit\s+(?:push|tag|merge|rebase)\b|\bgh\s+(?:pr|release)\b|\bnpm\s+publish\b|\bdeploy\b")
_MAKES = re.compile(
    r">{1,2}\s*(?!/dev/)([\w./~-]+)|\b(?:mkdir|touch|tee|git\s+clone|cp|mv)\b[^;&|]*?([\w./~-]+)\s*(?:$"
    r"|[;&|])|\s(?:-o|--out|--output|--outfile|--output-file|--out-dir|--output-dir|--dest)[\s=]+([\w./~-]+)"
)
_STAGES = re.compile(r"\bgit\s+(?:add|stage|rm|mv|stash|cherry-pick|checkout\s+-[bB]|switch\s+-[cC]|commit)\b")
_STAGES_ALL = re.compile(r"\bgit\s+(?:add|stage)\s+(?:-A|--all|-u|--update|\.)(?:\s|$)")
_INSTALLS = re.compile(r"\b(?:pip|npm|yarn|pnpm|apt(?:-get)?|brew|cargo|uv)\s+(?:install|add|i|ci|sync)\b")
_SHORTEST = 3  # characters of a name that says something


class _Act(NamedTuple):
    """One call as far as others may depend on it."""

    type: str
    path: object
    command: object
    old: object
    new: object
    failed: bool


def find(steps: pd.DataFrame, *, at_least: int = 3) -> pd.DataFrame:
    """Groups of dependent actions without a result read between them (2502.08235).

    Sent together are the calls of one response; where the response is unknown, calls that began before the first of
    them had its result. An action depends on an earlier one when it reads or runs what that one wrote, edits the lines
    that it wrote, tests or builds after an edit or an installation, or commits or publishes what was just edited,
    tested or staged. Reads, searches and edits of different places side by side do not depend on each other.

    Parameters
    ----------
    steps : frame of STEPS
    at_least : actions of a group that hang together

    Returns
    -------
    HITS, one for each group. Severity: high where one of its actions failed, else medium; what came after a failed one
    it depends on and failed too was in vain. Confidence 0.85, 0.7 where times tell what was sent together.
    """
    return hits(_found(steps, at_least))


def _found(steps: pd.DataFrame, at_least: int) -> Iterator[Hit]:
    names = ["type", "file_path", "command", "old_text", "new_text"]
    about = ["session_id", "thread_id", "kind", "failed", "status", "response", "started_at", "ended_at", "timed"]
    calls = calls_of(steps[[*names, *about]])
    ran = ~calls["status"].isin(["denied", "interrupted"]).to_numpy(bool)  # else no failure of the action
    rows, failed = calls.index.to_numpy(), (flags(calls["failed"]) & ran).tolist()
    columns = [calls[name] for name in names]

    def act(one: int) -> _Act:
        kind, path, command, old, new = (column.iloc[one] for column in columns)
        return _Act(kind, path, command, old, new, failed[one])

    changes = ~calls["type"].isin(["file_read", "search_performed", "tool_invocation"]).to_numpy(bool)
    responses = codes(calls["session_id"], calls["response"])
    started, ended = (_seconds(calls[name], calls["timed"]) for name in ("started_at", "ended_at"))
    for thread in threads(calls):
        for group, told in _sent_together(thread, responses, started, ended, at_least):
            if not changes[group].any():
                continue
            acts = {one: act(one) for one in group}
            for linked, vain in _linked(group, acts, at_least):
                bad = sum(acts[one].failed for one in linked)
                kinds = ", ".join(acts[one].type for one in linked[:6])
                yield Hit(
                    rows[linked],
                    rows[vain],
                    "high" if bad else "medium",
                    0.85 if told else 0.7,
                    f"{len(linked)} dependent actions were sent without reading a result between: {kinds}"
                    + (f"; {bad} failed" if bad else ""),
                )


def _sent_together(
    thread: np.ndarray, responses: np.ndarray, started: np.ndarray, ended: np.ndarray, at_least: int
) -> Iterator[tuple[list[int], bool]]:
    """Yield calls sent without a result between, and whether a response tells it."""
    own = responses[thread]
    edges = np.flatnonzero((np.diff(own) != 0) & ((own[1:] >= 0) | (own[:-1] >= 0))) + 1
    for part in np.split(thread, edges):
        if len(part) < at_least:
            continue
        if responses[part[0]] >= 0:
            yield part.tolist(), True
            continue
        batch = [int(part[0])]
        for one in part[1:].tolist():
            if started[one] < ended[batch].min():  # NaN: unknown, not together
                batch.append(one)
                continue
            if len(batch) >= at_least:
                yield batch, False
            batch = [one]
        if len(batch) >= at_least:
            yield batch, False


def _linked(group: list[int], acts: dict[int, _Act], at_least: int) -> Iterator[tuple[list[int], list[int]]]:
    """Yield actions that hang together, and those in vain after a failed one."""
    owner = list(range(len(group)))
    vain = set()
    for later in range(1, len(group)):
        for before in range(later):
            if _depends(acts[group[later]], acts[group[before]]):
                mine, its = owner[later], owner[before]
                owner = [its if one == mine else one for one in owner]
                if acts[group[before]].failed and acts[group[later]].failed:
                    vain.add(group[later])
    for name in sorted(set(owner)):
        linked = [group[place] for place in range(len(group)) if owner[place] == name]
        if len(linked) >= at_least:
            yield linked, [one for one in linked if one in vain]


def _depends(later: _Act, before: _Act) -> bool:
    if before.type in CHANGES:
        return _on_edit(later, before)
    if later.type not in COMMANDS or not isinstance(before.command, str):
        return False
    if later.type == "commit_created" or (isinstance(later.command, str) and _PUBLISHES.search(later.command)):
        return before.type in {*CHECKS, "commit_created"} or _STAGES.search(before.command) is not None
    if _INSTALLS.search(before.command):
        return later.type in CHECKS
    return isinstance(later.command, str) and any(_names(later.command, path) for path in _made(before.command))


def _made(command: str) -> Iterator[str]:
    """Yield the paths that a command makes, and their last parts where these say enough."""
    for path in (path.rstrip("/") for found in _MAKES.findall(command) for path in found):
        if re.search(r"\w", path):
            yield path
            if len(base_name(path)) >= _SHORTEST:
                yield base_name(path)


def _names(command: str, path: str) -> bool:
    """Tell whether a command names a path, or something in it where the path itself says little."""
    end = r"(?![\w-])" if len(path) >= _SHORTEST else "/"
    return re.search(rf"(?<![\w-]){re.escape(path)}{end}", command) is not None


def _on_edit(later: _Act, before: _Act) -> bool:
    name = base_name(before.path) if isinstance(before.path, str) else None
    if later.type in CHANGES:
        if not isinstance(later.path, str) or later.path != before.path:
            return False
        return before.type == "file_create" or bool(_lines(later.old) & (_lines(before.new) - _lines(before.old)))
    if later.type == "file_read":
        return later.path == before.path and name is not None
    if later.type in {*CHECKS, "commit_created", "rollback_performed"}:
        return True
    if later.type not in COMMANDS or not isinstance(later.command, str):
        return False
    return _STAGES_ALL.search(later.command) is not None or (name is not None and name in later.command)


def _lines(text: object) -> set[str]:
    return {line.strip() for line in text.split("\n") if len(line.strip()) > 3} if isinstance(text, str) else set()


def _seconds(times: pd.Series, timed: pd.Series) -> np.ndarray:
    known = timed.fillna(value=False).to_numpy(bool) & times.notna().to_numpy(bool)
    return np.where(known, times.astype("int64").to_numpy() / 1e6, np.nan)


DETECTOR = Detector(
    name="rogue_actions",
    version=2,
    title="Acting without looking",
    definition="At least 3 dependent actions sent without reading a result between.",
    source="arXiv 2502.08235",
    find=find,
)
