"""Edits: changes of files, each once, that did not fail."""

import pandas as pd

from agentobs.analysis.derive.ranks import either
from agentobs.frames import EDITS

CHANGES = ("file_write", "file_create", "file_delete")
FAILURES = ("error", "denied", "interrupted")


def is_edit(tool_calls: pd.DataFrame) -> pd.Series:
    """Tell which calls changed a file: they did not fail, or nobody knows whether they did."""
    return tool_calls["type"].isin(CHANGES) & ~tool_calls["status"].isin(FAILURES)


def edits(tool_calls: pd.DataFrame) -> pd.DataFrame:
    """Changes of files that did not fail, by time.

    Parameters
    ----------
    tool_calls : frame of TOOL_CALLS

    Returns
    -------
    Frame of EDITS with a column more, model (str); event_id and ts are the call's, else the result's.
    """
    found = tool_calls[is_edit(tool_calls)]
    found = found.assign(
        event_id=either(found["event_id"], found["result_event_id"]),
        ts=either(found["started_at"], found["ended_at"]),
    )
    found = found.sort_values(["ts", "tool_call_id", "session_id"], kind="stable", ignore_index=True)
    return found[[*EDITS.names, "model"]]
