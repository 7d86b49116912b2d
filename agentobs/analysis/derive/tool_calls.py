"""Tool calls: each call once, joined with what its result said, each from the best of its copies."""

import pandas as pd

from agentobs.analysis.derive.ranks import either, first_of_each
from agentobs.analysis.derive.telemetry import without_repeated_calls
from agentobs.frames import TOOL_CALLS, conform

_RANK = ["call_key", "is_copy", "is_telemetry", "owner_ts", "ts", "event_id"]
_CONTEXT = ["session_id", "thread_id", "agent", "project"]
_CALL = [
    *_CONTEXT, "call_key", "tool_call_id", "event_id", "ts", "ts_quality", "tool_name", "type", "file_path", "summary",
    "model", "is_telemetry",
]  # fmt: skip
_RESULT = [
    *_CONTEXT, "call_key", "tool_call_id", "event_id", "ts", "ts_quality", "tool_name", "call_type", "file_path",
    "status", "exit_code", "duration_ms", "lines_added", "lines_removed", "is_telemetry",
]  # fmt: skip
_TIMED = ("exact", "naive")
_UNIQUE = 20  # ids of so many characters are unique everywhere, shorter ones in their session: events.call_key


def tool_calls(events: pd.DataFrame) -> pd.DataFrame:
    """Each tool call once, by time of the call.

    Parameters
    ----------
    events : frame of RECORDS, without copies (settle)

    Returns
    -------
    Frame of TOOL_CALLS. The context is the call's, where only a result is known the result's; duration_ms is what the
    result says, else the shortest that telemetry says, else ended_at - started_at, never negative; <NA> where a record
    does not say its own time.
    """
    parts = events[events["tool_call_id"].notna()]
    unique = parts["tool_call_id"].str.len() >= _UNIQUE
    parts = parts.assign(
        call_key=parts["tool_call_id"].where(unique, parts["session_id"] + ":" + parts["tool_call_id"])
    )
    is_result = parts["type"] == "tool_result"
    calls = first_of_each(parts[~is_result], ["call_key"], _RANK)[_CALL]
    results = first_of_each(parts[is_result], ["call_key"], _RANK)[_RESULT]
    both = calls.merge(results, on="call_key", how="outer", suffixes=("", "_r"))
    both["told_ms"] = both["call_key"].map(_told_ms(parts[is_result])).astype("Float64")
    return _joined(both).sort_values(
        ["started_at", "ended_at", "tool_call_id", "session_id"], kind="stable", ignore_index=True
    )


def _told_ms(results: pd.DataFrame) -> pd.Series:
    """The shortest duration that telemetry says, by call: a span may hold the wait for a permission."""
    told = results[results["is_telemetry"].astype("bool") & results["duration_ms"].notna()]
    return told.groupby("call_key")["duration_ms"].min()


def _joined(both: pd.DataFrame) -> pd.DataFrame:
    called = both["event_id"].notna()
    columns = {name: both[name].where(called, both[f"{name}_r"]) for name in _CONTEXT}
    timed = both["ts_quality"].isin(_TIMED) & both["ts_quality_r"].isin(_TIMED)
    elapsed_us = (both["ts_r"] - both["ts"]).astype("int64").where(timed).clip(lower=0)
    columns |= {
        "event_id": both["event_id"],
        "result_event_id": both["event_id_r"],
        "tool_call_id": either(both["tool_call_id"], both["tool_call_id_r"]),
        "tool_name": either(both["tool_name"], both["tool_name_r"]),
        "type": either(both["type"], both["call_type"]).fillna("tool_invocation"),
        "started_at": both["ts"],
        "ended_at": both["ts_r"],
        "duration_ms": either(either(both["duration_ms"], both["told_ms"]), (elapsed_us / 1000).astype("Float64")),
        "status": both["status"],
        "exit_code": both["exit_code"],
        "file_path": either(both["file_path_r"], both["file_path"]),
        "lines_added": both["lines_added"],
        "lines_removed": both["lines_removed"],
        "target": both["summary"],
        "model": both["model"],
    }
    columns["call_key"] = both["call_key"]
    columns["is_told"] = both["is_telemetry"].fillna(value=True).astype("bool") & both["is_telemetry_r"].fillna(
        value=True
    ).astype("bool")
    return conform(without_repeated_calls(pd.DataFrame(columns)), TOOL_CALLS)
