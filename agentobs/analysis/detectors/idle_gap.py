"""Times in which nothing happened, and whom the session waited for: the human, the model, or a tool.

The records of the whole session count, subagents' too. A gap that a prompt or an answer to a question ends was the
human's, one inside a running call the tool's, any other the model's (or the client's, or a laptop that slept).
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors.permission_friction import ASKING

_TIMED = ("exact", "naive")
_SEVERITIES = {"human": "info", "model": "medium", "tool": "medium"}
_LOOKAHEAD = 6  # steps after a gap among which a prompt ends it: clients write notes before it


def find(
    steps: pd.DataFrame, events: pd.DataFrame, *, gap_s: float = 600.0, high_s: float = 3600.0, near_s: float = 5.0,
    asking: tuple[str, ...] = ASKING,
) -> pd.DataFrame:  # fmt: skip
    """Gaps without any event inside a session.

    Parameters
    ----------
    steps : frame of STEPS
    events : frame of EVENTS, of these sessions at least
    gap_s : seconds without an event that count
    high_s : seconds from which on waiting for the model or a tool is high
    near_s : seconds after the gap within which a prompt ends it
    asking : tools whose call lasts until the human answers

    Returns
    -------
    HITS, one per gap. Evidence: the step before and the step after it. Severity: info where the session waited for the
    human, else medium or high. Confidence: 0.95 for a prompt after it or a question around it, 0.7 for the model and
    for a call, which may have waited for a permission that no record shows. Nothing counts as wasted:
    an idle minute is nobody's work. Events whose time is not their own are left out.
    """
    return hits(_found(steps, events, gap_s, high_s, near_s, asking))


def _found(
    steps: pd.DataFrame, events: pd.DataFrame, gap_s: float, high_s: float, near_s: float, asking: tuple[str, ...]
) -> Iterator[Hit]:
    if steps.empty or events.empty:
        return
    gaps = _gaps(steps, events, gap_s)
    if not len(gaps):
        return
    sessions = steps["session_id"].to_numpy()
    codes = pd.Index(gaps["session_id"].unique())
    wanted = codes.get_indexer(sessions)
    started, ended = _seconds(steps["started_at"]), _seconds(steps["ended_at"])
    timed = steps["timed"].fillna(value=False).to_numpy(bool) & (started > 0)
    kinds, tools = steps["kind"].where(~_background(steps), "task").tolist(), steps["tool_name"].tolist()
    ended = np.where(steps["result_event_id"].notna().to_numpy(bool), ended, started)
    for session, group in gaps.groupby("session_id", sort=False):
        rows = np.flatnonzero((wanted == codes.get_loc(session)) & timed)
        for start, end in zip(group["start"].tolist(), group["end"].tolist(), strict=True):
            found = _whose(rows, start, end, started, ended, kinds, tools, asking, near_s)
            if found is None:
                continue
            who, evidence, sure, amid = found
            length = end - start
            severity = "high" if who != "human" and length >= high_s else _SEVERITIES[who]
            said = f"nothing happened for {length / 60:.0f} min, waiting for the {who}{amid}"
            yield Hit(evidence, [], severity, 0.95 if sure else 0.7, said)


def _background(steps: pd.DataFrame) -> pd.Series:
    """Which notes say that a task in the background ended."""
    return (steps["kind"] == "note") & steps["text"].str.startswith("<task-notification", na=False)


def _gaps(steps: pd.DataFrame, events: pd.DataFrame, gap_s: float) -> pd.DataFrame:
    """Return session_id, start and end (seconds) of each gap between events."""
    chosen = (events["ts_quality"].isin(_TIMED) & events["session_id"].isin(steps["session_id"].unique())).to_numpy(
        bool
    )
    codes, names = pd.factorize(events["session_id"].to_numpy()[chosen])
    times = _seconds(events["ts"])[chosen]
    order = np.lexsort((times, codes))
    codes, times = codes[order], times[order]
    place = np.flatnonzero((np.diff(codes) == 0) & (np.diff(times) > gap_s))
    return pd.DataFrame({"session_id": np.asarray(names)[codes[place]], "start": times[place], "end": times[place + 1]})


def _seconds(column: pd.Series) -> np.ndarray:
    """Times as seconds; unknown ones are far below 0."""
    return column.astype("int64").to_numpy() / 1e6


def _whose(  # noqa: PLR0911
    rows: np.ndarray, start: float, end: float, started: np.ndarray, ended: np.ndarray, kinds: list[str],
    tools: list[object], asking: tuple[str, ...], near_s: float,
) -> tuple[str, list[int], bool, str] | None:  # fmt: skip
    """Who was waited for, the steps that show it, whether that is sure, and amid what."""
    around = rows[(started[rows] <= start) & (ended[rows] >= end) & (ended[rows] > started[rows])]
    calls = [row for row in around.tolist() if kinds[row] == "call"]
    if calls:
        call = calls[-1]
        asks = tools[call] in asking
        return "human" if asks else "tool", [call], asks, f" amid {tools[call]}"
    before, after = rows[started[rows] <= start], rows[started[rows] >= end]
    if not len(after):
        return None
    evidence = [*before[-1:].tolist(), int(after[0])]
    next_ = [row for row in after[:_LOOKAHEAD].tolist() if started[row] <= end + near_s]
    prompt = next((row for row in next_ if kinds[row] in {"prompt", "interrupt"}), None)
    if prompt is not None:
        return "human", [*before[-1:].tolist(), prompt], True, ""
    if not len(before):
        return None
    if kinds[after[0]] == "task":
        return "tool", evidence, True, " in the background"
    if kinds[after[0]] in {"note", "end", "compaction"} or kinds[before[-1]] == "interrupt":
        return "human", evidence, False, ""  # the client came back, which somebody started
    return "model", evidence, False, ""


DETECTOR = Detector(
    name="idle_gap",
    version=1,
    title="Idle gap",
    definition="No event for more than 10 min inside a session, split into waiting for the human, the model or a tool.",
    source="agentobs",
    needs=("steps", "events"),
    find=find,
)
