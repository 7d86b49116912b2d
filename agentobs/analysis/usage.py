"""Usage: model calls, tokens and cost by day, hour, model, project, agent and session. Unknown stays <NA>, never 0."""

from collections.abc import Sequence

import pandas as pd

from agentobs.analysis.zones import local_day, local_hour
from agentobs.errors import FrameError
from agentobs.frames import MODEL_CALLS, USAGE, conform, require

GROUPS = ("day", "hour", "model", "project", "agent", "session")
LANES = ["input_tokens", "output_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"]
PROMPT_LANES = [lane for lane in LANES if lane != "output_tokens"]
SUMS = [*LANES, "reasoning_tokens", "web_search_requests"]


def usage_by(model_calls: pd.DataFrame, *, by: Sequence[str] = (), tz: str = "UTC") -> pd.DataFrame:
    """Calls, tokens and cost of each group; one row in all when `by` is empty.

    Parameters
    ----------
    model_calls : frame of MODEL_CALLS
    by : any of GROUPS
    tz : the zone in which days and hours are cut

    Returns
    -------
    The frame of USAGE (tokens in tokens, cost in US dollars) behind one column per group, sorted by them:

    =======  =====  ============================================================
    day      str    the local calendar day, YYYY-MM-DD; <NA>: unknown
    hour     time   when the local hour began, UTC; NaT: unknown
    others   str    <NA>: the source did not say
    =======  =====  ============================================================
    """
    unknown = [name for name in by if name not in GROUPS]
    if unknown:
        raise FrameError(f"usage cannot be grouped by {unknown[0]!r}; it knows {', '.join(GROUPS)}")
    require(model_calls, [column for column in MODEL_CALLS.names if column in {*SUMS, "cost_usd"}], "model_calls")
    table = model_calls[[*SUMS, "cost_usd"]].copy()
    table["total_tokens"] = table[LANES].sum(axis=1, min_count=1)
    table["unpriced_calls"] = table["cost_usd"].isna().astype("Int64")
    table["model_calls"] = pd.Series(1, index=table.index, dtype="Int64")
    keys = {name: _key(model_calls, name, tz) for name in by}
    if not keys:
        totals = table.sum(min_count=1)
        counts = {"model_calls": len(table), "unpriced_calls": int(table["unpriced_calls"].sum())}
        return conform(pd.DataFrame([totals.to_dict() | counts]), USAGE)
    groups = table.assign(**keys).groupby(list(by), dropna=False, sort=True)
    summed = groups[[*SUMS, "cost_usd", "total_tokens", "unpriced_calls", "model_calls"]].sum(min_count=1).reset_index()
    return pd.concat([summed[list(by)], conform(summed, USAGE)], axis=1)


def cache_share(usage: pd.DataFrame) -> pd.DataFrame:
    """How much of what the models read came out of the prompt cache.

    Parameters
    ----------
    usage : frame of USAGE, with any columns in front

    Returns
    -------
    One row per row of usage, with its leading columns:

    =================  =======  ==============================================================
    prompt_tokens      Int64    tokens sent: input + cache read + cache writes
    cache_read_tokens  Int64    tokens of them read from the cache
    cache_share        Float64  cache read / sent, in [0, 1]; <NA> if nothing is known or sent
    =================  =======  ==============================================================
    """
    require(usage, USAGE.names, "usage")
    shares = usage[[name for name in usage.columns if name not in USAGE.names]].copy()
    sent = usage[PROMPT_LANES].sum(axis=1, min_count=1).astype("Int64")
    shares["prompt_tokens"] = sent
    shares["cache_read_tokens"] = usage["cache_read_tokens"].astype("Int64")
    shares["cache_share"] = shares["cache_read_tokens"].astype("Float64") / sent.mask(sent == 0).astype("Float64")
    return shares


def unpriced_models(model_calls: pd.DataFrame) -> pd.DataFrame:
    """The models whose calls have no known price: they are in no cost on any page.

    Parameters
    ----------
    model_calls : frame of MODEL_CALLS

    Returns
    -------
    One row per model, most tokens first:

    ==============  =====  ===================================
    model           str    <NA>: the source did not say
    unpriced_calls  Int64  calls without a price
    total_tokens    Int64  tokens of those calls, all lanes
    first_at        time   first such call
    last_at         time   last such call
    ==============  =====  ===================================
    """
    require(model_calls, ["model", "cost_usd", "started_at", *LANES], "model_calls")
    unpriced = model_calls[model_calls["cost_usd"].isna()]
    table = pd.DataFrame({"model": unpriced["model"], "started_at": unpriced["started_at"]})
    table["total_tokens"] = unpriced[LANES].sum(axis=1, min_count=1).astype("Int64")
    groups = table.groupby("model", dropna=False)
    found = pd.DataFrame(
        {
            "unpriced_calls": groups.size().astype("Int64"),
            "total_tokens": groups["total_tokens"].sum(min_count=1),
            "first_at": groups["started_at"].min(),
            "last_at": groups["started_at"].max(),
        }
    ).reset_index()
    return found.sort_values(["total_tokens", "model"], ascending=[False, True], ignore_index=True)


def _key(model_calls: pd.DataFrame, name: str, tz: str) -> pd.Series:
    if name == "day":
        return local_day(model_calls["started_at"], tz)
    if name == "hour":
        return local_hour(model_calls["started_at"], tz)
    column = "session_id" if name == "session" else name
    require(model_calls, [column], "model_calls")
    return model_calls[column]
