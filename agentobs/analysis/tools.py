"""Tools: how often each was called, how often it failed among the calls whose outcome is known, how long it took."""

import pandas as pd

from agentobs.frames import require

FAILURES = ("error", "denied", "interrupted")


def tool_summary(tool_calls: pd.DataFrame) -> pd.DataFrame:
    """Calls, failures and durations of each tool.

    Parameters
    ----------
    tool_calls : frame of TOOL_CALLS

    Returns
    -------
    One row per tool, most failures first, then most calls:

    ============  =======  ===============================================================
    tool_name     str
    calls         Int64    all calls
    known         Int64    calls whose outcome the source reported
    failures      Int64    of them failed, denied or interrupted
    denied        Int64    of the failures: a human or a rule said no
    failure_rate  Float64  failures / known, in [0, 1]; <NA> if known = 0
    median_ms     Float64  median duration of a call in milliseconds; <NA>: none is known
    ============  =======  ===============================================================
    """
    require(tool_calls, ["tool_name", "status", "duration_ms"], "tool_calls")
    status = tool_calls["status"]
    table = pd.DataFrame(
        {
            "tool_name": tool_calls["tool_name"],
            "known": status.notna().astype("Int64"),
            "failures": status.isin(FAILURES).astype("Int64"),
            "denied": (status == "denied").fillna(value=False).astype("Int64"),
            "duration_ms": tool_calls["duration_ms"].astype("Float64"),
        }
    )
    groups = table.groupby("tool_name", dropna=False)
    found = groups[["known", "failures", "denied"]].sum()
    found.insert(0, "calls", groups.size().astype("Int64"))
    known = found["known"].mask(found["known"] == 0).astype("Float64")
    found["failure_rate"] = found["failures"].astype("Float64") / known
    found["median_ms"] = groups["duration_ms"].median()
    order = ["failures", "calls", "tool_name"]
    return found.reset_index().sort_values(order, ascending=[False, False, True], ignore_index=True)
