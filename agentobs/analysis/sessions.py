"""Sessions over time, and the numbers at the head of a page."""

import pandas as pd

from agentobs.analysis.usage import LANES
from agentobs.analysis.zones import local_day
from agentobs.frames import SESSIONS, USAGE, require


def sessions_per_day(sessions: pd.DataFrame, *, tz: str = "UTC") -> pd.DataFrame:
    """How many sessions of each agent started on each local day.

    Parameters
    ----------
    sessions : frame of SESSIONS
    tz : the zone in which days are cut

    Returns
    -------
    One row per day and agent that has a session, sorted:

    ===========  =======  ============================================================
    day          str      the local day, YYYY-MM-DD; <NA>: no known time
    agent        str
    sessions     Int64    sessions that started then
    human_turns  Int64    prompts that a human wrote in them
    tool_calls   Int64    tool calls in them
    duration_s   Float64  seconds from first to last event, summed; <NA> if unknown
    ===========  =======  ============================================================
    """
    require(sessions, ["started_at", "agent", "human_turns", "tool_calls", "duration_s"], "sessions")
    table = sessions[["agent", "human_turns", "tool_calls", "duration_s"]].copy()
    table["day"] = local_day(sessions["started_at"], tz)
    table["sessions"] = pd.Series(1, index=table.index, dtype="Int64")
    groups = table.groupby(["day", "agent"], dropna=False, sort=True)
    return groups[["sessions", "human_turns", "tool_calls", "duration_s"]].sum(min_count=1).reset_index()


def headline(sessions: pd.DataFrame, usage: pd.DataFrame) -> pd.DataFrame:
    """The totals that stand at the head of a page.

    Parameters
    ----------
    sessions : frame of SESSIONS
    usage : frame of USAGE, with any columns in front, over the same range

    Returns
    -------
    One row:

    ==============  =======  =============================================
    sessions        Int64
    human_turns     Int64    prompts that a human wrote
    model_calls     Int64    responses, each once
    tool_calls      Int64
    total_tokens    Int64    all lanes; <NA>: nothing known
    cost_usd        Float64  of the priced calls; <NA>: none is priced
    unpriced_calls  Int64    calls that are not in cost_usd
    cache_share     Float64  cache read / tokens sent, in [0, 1]
    tool_errors     Int64    tool calls that failed, were denied or interrupted
    ==============  =======  =============================================
    """
    require(sessions, SESSIONS.names, "sessions")
    require(usage, USAGE.names, "usage")
    sent = usage[[lane for lane in LANES if lane != "output_tokens"]].sum(min_count=1).sum(min_count=1)
    cached = usage["cache_read_tokens"].sum(min_count=1)
    known = not (pd.isna(sent) or pd.isna(cached) or sent == 0)
    row = {
        "sessions": len(sessions),
        "human_turns": sessions["human_turns"].sum(),
        "model_calls": usage["model_calls"].sum(),
        "tool_calls": sessions["tool_calls"].sum(),
        "total_tokens": usage["total_tokens"].sum(min_count=1),
        "cost_usd": usage["cost_usd"].sum(min_count=1),
        "unpriced_calls": usage["unpriced_calls"].sum(),
        "cache_share": cached / sent if known else pd.NA,
        "tool_errors": sessions["tool_errors"].sum(),
    }
    kinds = {name: "Float64" if name in {"cost_usd", "cache_share"} else "Int64" for name in row}
    return pd.DataFrame([row]).astype(kinds)
