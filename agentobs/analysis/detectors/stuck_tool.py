"""Calls that never came back, or took longer than nearly all calls of that tool do.

The reference is the corpus: all calls of the same agent, tool and type in `tool_calls`. Tools that wait by design (for
a human, a subagent, a running command) are left out, and so are commands that say that they sleep.
"""

from collections.abc import Hashable, Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._sequences import of_kinds
from agentobs.analysis.detectors.permission_friction import ASKING
from agentobs.analysis.once import once_per_frame

_WAITING = (*ASKING, "Task", "Agent", "task", "agent", "spawn_agent", "wait", "wait_agent", "sleep", "TaskOutput",
            "BashOutput", "AgentOutputTool", "write_stdin", "run_subagent", "runSubagent", "new_task")  # fmt: skip
_SLEEPS = r"\bsleep\s+\d|--watch\b|\btail -[fF]\b|\bwait-on\b"
_KEY = ["agent", "tool_name", "type"]
_UNANSWERED = ("web_search", "web_search_call", "image_generation", "image_generation_call", "server_tool_use")
_FEW = 5  # calls of a tool, under which the agent's other tools say whether results are recorded


def find(
    steps: pd.DataFrame, tool_calls: pd.DataFrame, *, quantile: float = 0.99, at_least: int = 100,
    floor_s: float = 30.0, answered: float = 0.9, waiting: tuple[str, ...] = _WAITING,
) -> pd.DataFrame:  # fmt: skip
    """Calls without a result, and calls slower than the p99 of their tool.

    Parameters
    ----------
    steps : frame of STEPS
    tool_calls : frame of TOOL_CALLS: the corpus to compare with
    quantile : of the durations of the same agent, tool and type, beyond which a call is slow
    at_least : calls with a known duration that such a quantile needs; fewer say nothing
    floor_s : a call under this many seconds is never slow
    answered : share of the agent's calls in the corpus with a result from which on a missing one is news: some agents
        record none
    waiting : tools that are meant to take long

    Returns
    -------
    HITS, one per call. Severity: medium for a call without a result, though the session went on; low for a slow one,
    medium for one beyond ten times the p99. A call without a result was in vain. Confidence: 0.8 without a result
    (0.6 where the session ends there: it may still run), 0.9 slow. An unknown duration is not slow.
    """
    return hits(_found(steps, tool_calls, quantile, at_least, floor_s, answered, waiting))


def _found(
    steps: pd.DataFrame, tool_calls: pd.DataFrame, quantile: float, at_least: int, floor_s: float, answered: float,
    waiting: tuple[str, ...],
) -> Iterator[Hit]:  # fmt: skip
    calls = of_kinds(steps, "call")
    if calls.empty or tool_calls.empty:
        return
    reliable = _recorded(calls, tool_calls) >= answered
    rows, tools = calls.index.to_numpy(), calls["tool_name"].tolist()
    missing = calls["result_event_id"].isna().to_numpy(bool) & calls["status"].isna().to_numpy(bool) & reliable
    lasts = _last_of_sessions(steps)
    for place in np.flatnonzero(missing).tolist():
        at_end = _is_last(steps, int(rows[place]), lasts)
        said = "the session ends there" if at_end else "the session went on"
        said = f"{tools[place]} gave no result, {said}"
        yield Hit([rows[place]], [rows[place]], "medium", 0.6 if at_end else 0.8, said)
    yield from _slow(calls, tool_calls, quantile, at_least, floor_s, waiting)


def _recorded(calls: pd.DataFrame, tool_calls: pd.DataFrame) -> np.ndarray:
    """The share of calls of the same agent that have a result; 0 for tools that never have one."""
    share, never = _results(tool_calls)
    by_agent = calls["agent"].fillna("").map(share).fillna(0).to_numpy("float64")
    keys = pd.MultiIndex.from_arrays([calls["agent"].fillna(""), calls["tool_name"].fillna("")])
    silent = keys.isin(never) | calls["tool_name"].isin(_UNANSWERED).to_numpy(bool)
    return np.where(silent, 0.0, by_agent)


@once_per_frame
def _results(tool_calls: pd.DataFrame) -> tuple[pd.Series, pd.Index]:
    """The share of each agent's calls that have a result; and the tools (of an agent) that never have one."""
    known = tool_calls["result_event_id"].notna()
    agents, tools = tool_calls["agent"].fillna(""), tool_calls["tool_name"].fillna("")
    groups = known.groupby([agents.rename("agent"), tools.rename("tool")])
    never = groups.mean()[(groups.size() >= _FEW) & (groups.mean() == 0)].index
    return known.groupby(agents).mean(), never


@once_per_frame
def _limits(
    tool_calls: pd.DataFrame, quantile: float, at_least: int
) -> tuple[dict[Hashable, float], dict[Hashable, int]]:
    """By agent, tool and type: the seconds that this share of its calls took at most, and how many calls there are."""
    known = tool_calls[tool_calls["duration_ms"].notna()]
    groups = known.groupby(_KEY, dropna=True)["duration_ms"]
    sizes = groups.size()
    return (groups.quantile(quantile) / 1000)[sizes >= at_least].to_dict(), sizes.to_dict()


def _slow(
    calls: pd.DataFrame,
    tool_calls: pd.DataFrame,
    quantile: float,
    at_least: int,
    floor_s: float,
    waiting: tuple[str, ...],
) -> Iterator[Hit]:
    lengths = calls["duration_ms"].to_numpy("float64", na_value=np.nan) / 1000
    long = np.flatnonzero(lengths >= floor_s)
    if not len(long) or tool_calls["duration_ms"].isna().all():
        return
    limits, sizes = _limits(tool_calls, quantile, at_least)
    chosen = calls.iloc[long]
    sleeps = chosen["command"].str.contains(_SLEEPS, na=False).tolist()
    keys = list(zip(*(chosen[name].tolist() for name in _KEY), strict=True))
    for row, key, length, sleeping in zip(chosen.index.tolist(), keys, lengths[long].tolist(), sleeps, strict=True):
        limit = limits.get(key)
        if limit is None or length <= limit or sleeping or key[1] in waiting:
            continue
        said = f"{key[1]} took {length:.0f} s; {quantile:.0%} of its {sizes[key]} calls took at most {limit:.1f} s"
        yield Hit([row], [], "medium" if length > 10 * limit else "low", 0.9, said)


def _last_of_sessions(steps: pd.DataFrame) -> dict[str, int]:
    """The row of the last thing said or done in each session."""
    told = steps["kind"].isin(["prompt", "answer", "thought", "call"]).to_numpy(bool)
    sessions = steps["session_id"].to_numpy()[told]
    return dict(zip(sessions.tolist(), np.flatnonzero(told).tolist(), strict=True))


def _is_last(steps: pd.DataFrame, row: int, lasts: dict[str, int]) -> bool:
    return lasts[str(steps["session_id"].iat[row])] == row


DETECTOR = Detector(
    name="stuck_tool",
    version=1,
    title="Stuck tool",
    definition="A call without a result, or slower than the p99 (of at least 100 calls) of that tool and 30 s.",
    source="agentobs",
    needs=("steps", "tool_calls"),
    find=find,
)
