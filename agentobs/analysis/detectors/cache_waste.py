"""Cache written for nothing: a pause longer than the cache lives, after which the same tokens are written again; or
cache that no later call read before it expired.

It needs calls that say what they wrote to the cache (Anthropic's models). The last call of a thread wrote what nobody
could read any more: that is the end, not waste.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._model_calls import WRITTEN, StepsOf, tokens_of
from agentobs.analysis.detectors._sequences import codes
from agentobs.events.model import Usage
from agentobs.pricing import cost_pico_usd, usd


def find(
    steps: pd.DataFrame,
    model_calls: pd.DataFrame,
    *,
    at_least: int = 2_000,
    short_s: float = 300.0,
    long_s: float = 3_600.0,
) -> pd.DataFrame:
    """Cache that expired before it was used.

    Calls of one thread and model, in order. A *gap*: the next call began later than the cache lives, and read less than
    the prefix (cache reads and writes) of the call before; what it then wrote, up to that prefix, was written twice. A
    write *never read*: no later call before the next gap read more of the prefix than the writing call itself had.

    Parameters
    ----------
    steps : frame of STEPS
    model_calls : frame of MODEL_CALLS
    at_least : tokens of a gap, or of a thread's unread writes, that count
    short_s, long_s : how long the cache lives, in seconds; the long one where the thread wrote with that lifetime

    Returns
    -------
    HITS, one for each gap (the last step before, the first after) and one for the unread writes of a thread. The
    explanation says the tokens and, where the model has a price, what writing them cost more than reading them would
    have, in USD at list price. Severity: medium from 50,000 tokens on, else low. A compaction within a gap, or an
    unknown time, leaves it out. Confidence 0.9; 0.7 for unread writes. The steps themselves were not in vain.
    """
    return hits(_found(steps, model_calls, at_least, short_s, long_s))


def _found(
    steps: pd.DataFrame, model_calls: pd.DataFrame, at_least: int, short_s: float, long_s: float
) -> Iterator[Hit]:
    calls = model_calls[model_calls["session_id"].isin(steps["session_id"].unique())]
    calls = calls[calls["started_at"].notna()]
    calls = calls.sort_values(["started_at", "usage_key"], kind="stable", ignore_index=True)
    written = tokens_of(calls, WRITTEN)
    read = calls["cache_read_tokens"].fillna(0).to_numpy("float64")
    hour = calls["cache_write_1h_tokens"].fillna(0).to_numpy("float64") > 0
    times = calls["started_at"].astype("int64").to_numpy() / 1e6
    threads = codes(calls["session_id"], calls["thread_id"].fillna(""), calls["model"])
    compactions, steps_of = _compactions(steps), StepsOf(steps)
    known = np.flatnonzero((threads >= 0) & ~np.isnan(written))
    known = known[np.argsort(threads[known], kind="stable")]
    owners = calls["session_id"].tolist()
    for own in np.split(known, np.flatnonzero(np.diff(threads[known])) + 1):
        if len(own) < 2 or not (written[own] > 0).any():
            continue
        lives = long_s if hour[own].any() else short_s
        gaps = np.flatnonzero(np.diff(times[own]) > lives)
        wanted = compactions.get(owners[own[0]], np.array([]))
        for gap in gaps.tolist():
            before, after = own[gap], own[gap + 1]
            again = float(min(written[after], read[before] + written[before] - read[after]))
            broken = ((wanted > times[before]) & (wanted <= times[after])).any()
            if again >= at_least and not broken:
                yield from _gap(steps_of, calls, before, after, again, lives)
        yield from _unread(steps_of, calls, own, gaps, read, written, at_least, lives)


def _gap(steps_of: StepsOf, calls: pd.DataFrame, before: int, after: int, tokens: float, lives: float) -> Iterator[Hit]:
    rows = steps_of(calls.iloc[[before, after]])
    if rows:
        pause = (calls["started_at"].iloc[after] - calls["started_at"].iloc[before]).total_seconds()
        said = f"{int(tokens):,} tokens were written to the cache again after a pause of {_span(pause)} "
        said += f"(it lives {_span(lives)})"
        yield _hit(rows, tokens, said + _price(calls.iloc[after], tokens, lives), 0.9)


def _unread(
    steps_of: StepsOf,
    calls: pd.DataFrame,
    own: np.ndarray,
    gaps: np.ndarray,
    read: np.ndarray,
    written: np.ndarray,
    at_least: int,
    lives: float,
) -> Iterator[Hit]:
    """The writes of a thread that no later call of their stretch read, but for the last call of each stretch."""
    vain: list[int] = []
    lost = 0.0
    for stretch in np.split(own, gaps + 1):
        later = np.maximum.accumulate(read[stretch][::-1])[::-1][1:]
        mine = stretch[:-1]
        unread = written[mine] - np.clip(later - read[mine], 0, written[mine])
        much = unread >= min(at_least, 1_000)
        vain += mine[much].tolist()
        lost += float(unread[much].sum())
    rows = steps_of(calls.iloc[vain]) if vain and lost >= at_least else []
    if rows:
        said = f"{len(vain)} model calls wrote {int(lost):,} tokens to the cache that no later call read"
        yield _hit(rows, lost, said + _price(calls.iloc[vain[-1]], lost, lives), 0.7)


def _hit(rows: list[int], tokens: float, said: str, confidence: float) -> Hit:
    return Hit(rows, [], "medium" if tokens >= 50_000 else "low", confidence, said)


def _price(call: pd.Series, tokens: float, lives: float) -> str:
    """What writing so many tokens cost more than reading them."""
    count = int(tokens)
    hour = lives > 300 and pd.notna(call[WRITTEN[1]]) and call[WRITTEN[1]] > 0
    written = Usage(
        input_tokens=0,
        output_tokens=0,
        cache_write_5m_tokens=None if hour else count,
        cache_write_1h_tokens=count if hour else None,
    )
    read = Usage(input_tokens=0, output_tokens=0, cache_read_tokens=count)
    provider = call["provider"] if pd.notna(call["provider"]) else None
    when = call["started_at"].to_pydatetime()
    costs = [usd(cost_pico_usd(call["model"], when, usage, provider)) for usage in (written, read)]
    if costs[0] is None or costs[1] is None:
        return ""
    return f", {costs[0] - costs[1]:.2f} USD more than reading them"


def _compactions(steps: pd.DataFrame) -> dict[str, np.ndarray]:
    found = steps[(steps["kind"] == "compaction") & steps["started_at"].notna() & steps["thread_id"].isna()]
    seconds = found["started_at"].astype("int64") / 1e6
    return {session: times.to_numpy() for session, times in seconds.groupby(found["session_id"])}


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3600:.1f} h"


DETECTOR = Detector(
    name="cache_waste",
    version=1,
    title="Cache written for nothing",
    definition="Cache that was written and never read before it expired, or written again after a gap longer"
    " than its lifetime.",
    source="agentobs",
    needs=("steps", "model_calls"),
    find=find,
)
