"""Effort: how much of a person a session took: time, words of correction, stops, approvals."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from agentobs.analysis.tally import Tally, column, ratio
from agentobs.analysis.verification import seconds
from agentobs.frames import require

MOST_GAP_S = 600.0
MOST_CALL_S = 3_600.0
# native types of events that say a person was asked for leave
APPROVALS = ("permission.completed", "permission.requested", "tool.blocked_on_user", "claude_code.tool.blocked_on_user")


def effort(
    steps: pd.DataFrame,
    session_ids: pd.Series,
    findings: pd.DataFrame,
    events: pd.DataFrame | None = None,
    *,
    ran: Collection[str] = ("user_pushback",),
    most_gap_s: float = MOST_GAP_S,
    most_call_s: float = MOST_CALL_S,
) -> pd.DataFrame:
    """What each session took of a person.

    Parameters
    ----------
    steps : frame of STEPS
    session_ids : the sessions, in the order wanted
    findings : frame of FINDINGS, of the same sessions
    events : frame of EVENTS, of the same sessions: which of them say that a person was asked
    ran : names of the detectors that looked at the sessions: without user_pushback among them, pushback is unknown
    most_gap_s : of a longer silence only so much counts, in seconds: for the rest nobody was there
    most_call_s : the same of one call

    Returns
    -------
    One row per session: session_id and

    ===============  =======  ========================================================================================
    prompts          Int64    prompts that a human wrote
    human_active_s   Float64  seconds from the end of the agent's turn to the next prompt, summed; a lower bound: the
                              first prompt and what was read later are not in it; <NA>: there is no turn with times
    agent_active_s   Float64  seconds in which the model or a call was busy; <NA>: no times
    hei              Float64  human_active_s / (human_active_s + agent_active_s): effort index in [0, 1]; <NA>: no
                              second prompt, so that nobody can say
    pushbacks        Int64    prompts that reject or correct (findings of user_pushback); <NA>: it did not look
    interrupts       Int64    times that the human stopped the agent
    denials          Int64    calls that a human or a rule refused
    approvals        Int64    times that a human was asked for leave; <NA>: the source does not say
    ===============  =======  ========================================================================================
    """
    tally = Tally(steps, session_ids)
    prompts = (steps["kind"] == "prompt").to_numpy(bool)
    human, agent = active(steps, tally, most_gap_s=most_gap_s, most_call_s=most_call_s)
    made = {
        "session_id": pd.Series(session_ids).reset_index(drop=True),
        "prompts": column(tally.count(prompts), "Int64"),
        "human_active_s": column(human),
        "agent_active_s": column(agent),
        "hei": column(ratio(human, human + agent)),
        "pushbacks": column(_pushbacks(findings, tally, ran), "Int64"),
        "interrupts": column(tally.count((steps["kind"] == "interrupt").to_numpy(bool)), "Int64"),
        "denials": column(tally.count((steps["status"] == "denied").fillna(value=False).to_numpy(bool)), "Int64"),
        "approvals": column(_approvals(events, tally), "Int64"),
    }
    return pd.DataFrame(made)


def active(
    steps: pd.DataFrame, tally: Tally, *, most_gap_s: float = MOST_GAP_S, most_call_s: float = MOST_CALL_S
) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of each session in which its human and in which its agent was active; NaN where unknown.

    What runs at the same time counts once. A silence before a prompt is the human's, any other the agent's.
    """
    require(steps, ["kind", "timed", "started_at", "ended_at"], "steps")
    start, end = (seconds(steps[name]) for name in ("started_at", "ended_at"))
    timed = steps["timed"].fillna(value=False).to_numpy(bool) & ~np.isnan(start)
    rows = np.flatnonzero(timed & (tally.codes >= 0))
    code, first = pd.Series(tally.codes[rows]), start[rows]
    last = pd.Series(np.fmax(np.where(np.isnan(end[rows]), first, end[rows]), first))
    reach = last.groupby(code).cummax().groupby(code).shift().to_numpy()
    gap = np.clip(first - reach, 0, most_gap_s)
    busy = np.clip(last.to_numpy() - np.fmax(first, reach), 0, most_call_s)
    prompt = (steps["kind"] == "prompt").to_numpy(bool)[rows]
    worked = tally.first(steps["kind"].isin(["answer", "thought", "call", "interrupt"]).to_numpy(bool))[
        tally.codes[rows]
    ]
    later = (worked >= 0) & (worked < rows)  # before the agent's first word nobody waits for its human
    human, agent = np.full(len(steps), np.nan), np.full(len(steps), np.nan)
    human[rows] = np.where(prompt & later, gap, np.nan)
    agent[rows] = np.where(prompt, np.nan, np.nan_to_num(gap) + busy)
    return tally.total(human), tally.total(agent)


def _pushbacks(findings: pd.DataFrame, tally: Tally, ran: Collection[str]) -> np.ndarray:
    if "user_pushback" not in ran:
        return np.full(len(tally.sessions), np.nan)
    pushed = findings[(findings["detector"] == "user_pushback") & findings["session_id"].isin(list(tally.sessions))]
    return np.bincount(tally.sessions.get_indexer(pd.Index(pushed["session_id"])), minlength=len(tally.sessions))


def _approvals(events: pd.DataFrame | None, tally: Tally) -> np.ndarray:
    """Times that a human was asked, in sessions whose source records any."""
    found = np.full(len(tally.sessions), np.nan)
    if events is None:
        return found
    require(events, ["session_id", "native_type"], "events")
    asked = events[events["native_type"].isin(APPROVALS) & events["session_id"].isin(list(tally.sessions))]
    for session, count in asked.groupby("session_id").size().items():
        found[tally.sessions.get_loc(session)] = count
    return found
