"""Edits: changes of files, each once, that did not fail; a patch of several files is an edit of each."""

import pandas as pd

from agentobs.analysis.derive.ranks import either
from agentobs.analysis.tools import FAILURES
from agentobs.frames import EDITS

CHANGES = ("file_write", "file_create", "file_delete")


def is_edit(tool_calls: pd.DataFrame) -> pd.Series:
    """Tell which calls changed a file: they did not fail, or nobody knows whether they did."""
    return tool_calls["type"].isin(CHANGES) & ~tool_calls["status"].isin(FAILURES)


def edits(tool_calls: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Changes of files that did not fail, by time.

    A call may have parts: events without a tool_call_id of their own whose parent is the call's event (without one, the
    result's); each is an edit with the call's status, and the call's own edit has the lines that its event says.

    Parameters
    ----------
    tool_calls : frame of TOOL_CALLS
    events : frame of RECORDS, without copies (settle)

    Returns
    -------
    Frame of EDITS with a column more, model (str); event_id and ts are the call's, else the result's.
    """
    found = tool_calls[is_edit(tool_calls)]
    found = found.assign(
        event_id=either(found["event_id"], found["result_event_id"]),
        ts=either(found["started_at"], found["ended_at"]),
    )
    parts = _parts(events).merge(
        found[[*_OF_THE_CALL, "event_id"]], left_on="call_id", right_on="event_id", suffixes=("", "_c")
    )
    found = _without_parts(found, parts, events)
    both = pd.concat([found[[*EDITS.names, "model"]], parts[[*EDITS.names, "model"]]]) if len(parts) else found
    both = both.sort_values(["ts", "tool_call_id", "session_id", "event_id"], kind="stable", ignore_index=True)
    return both[[*EDITS.names, "model"]]


_OF_THE_CALL = ["ts", "session_id", "thread_id", "agent", "project", "tool_name", "tool_call_id", "status", "model"]


def _parts(events: pd.DataFrame) -> pd.DataFrame:
    is_part = events["tool_call_id"].isna() & events["parent_event_id"].notna() & events["type"].isin(CHANGES)
    parts = events.loc[is_part, ["event_id", "parent_event_id", "type", "file_path", "lines_added", "lines_removed"]]
    return parts.rename(columns={"parent_event_id": "call_id"})


def _without_parts(calls: pd.DataFrame, parts: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """The calls' own edits: where there are parts, lines are those of the call's event, not of the whole patch."""
    many = calls["event_id"].isin(parts["call_id"])
    if not many.any():
        return calls
    own = events.drop_duplicates("event_id").set_index("event_id")
    sums = parts.groupby("call_id")[["lines_added", "lines_removed"]].sum(min_count=1, skipna=False)
    for name in ("lines_added", "lines_removed"):
        said = (
            calls["event_id"]
            .map(own[name])
            .where(calls["started_at"].notna(), calls[name] - calls["event_id"].map(sums[name]))
        )
        calls = calls.assign(**{name: calls[name].where(~many, said)})
    return calls
