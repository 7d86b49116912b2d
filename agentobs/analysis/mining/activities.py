"""Activities: what each call is a case of, by type, tool, or phase of the work (localise, edit, validate)."""

import pandas as pd

from agentobs.analysis.derive.edits import CHANGES
from agentobs.analysis.detectors._checks import NONE, checks_of
from agentobs.analysis.detectors._endings import FINISHING
from agentobs.errors import FrameError
from agentobs.frames import require

NAMES = {
    "file_read": "read",
    "search_performed": "search",
    "file_write": "edit",
    "file_create": "create",
    "file_delete": "delete",
    "command_execute": "command",
    "test_run": "test",
    "build_trigger": "build",
    "commit_created": "commit",
    "rollback_performed": "rollback",
    "tool_invocation": "tool",
    "context_switch": "context",
}
PHASES = ("localise", "edit", "validate", "finish", "other")
_COLUMNS = [
    "session_id",
    "thread_id",
    "step",
    "kind",
    "type",
    "event_id",
    "started_at",
    "ended_at",
    "timed",
    "tool_name",
]


def activities(steps: pd.DataFrame, *, by: str = "type", subagents: bool = False) -> pd.DataFrame:
    """The calls of each session in order, each with the name of what it is a case of.

    Parameters
    ----------
    steps : frame of STEPS
    by : type (read, search, edit, ...) | tool (its own name) | phase (PHASES: reads and searches localise; writes edit;
        tests, builds, runs of programs and linters validate, before any edit too; submitting
        is finish; other calls are other)
    subagents : with the calls of subagents, among those of the main thread

    Returns
    -------
    session_id, activity (str), step (Int64), event_id, started_at, ended_at (<NA> where the record says no time).
    """
    require(steps, _COLUMNS, "steps")
    if by not in {"type", "tool", "phase"}:
        raise FrameError(f"activities are by type, tool or phase, not by {by!r}")
    rows = steps["kind"] == "call"
    if not subagents:
        rows &= steps["thread_id"].isna()
    names = steps["tool_name"] if by == "tool" else _phases(steps) if by == "phase" else steps["type"].map(NAMES)
    if by != "tool":
        names = names.mask(steps["tool_name"].isin(FINISHING), "finish")
    chosen = steps.loc[rows, ["session_id", "step", "event_id", "started_at", "ended_at"]].copy()
    untimed = ~steps.loc[rows, "timed"].fillna(value=False).astype(bool)
    chosen[["started_at", "ended_at"]] = chosen[["started_at", "ended_at"]].mask(untimed)
    activity = names[rows].astype("str").fillna("other")
    chosen.insert(1, "activity", activity)
    return chosen.reset_index(drop=True)


def _phases(steps: pd.DataFrame) -> pd.Series:
    types = steps["type"]
    named = pd.Series("other", index=steps.index, dtype="str")
    named = named.mask(types.isin(["file_read", "search_performed"]), "localise")
    named = named.mask(pd.Series(checks_of(steps) != NONE, index=steps.index), "validate")
    return named.mask(types.isin(CHANGES), "edit")
