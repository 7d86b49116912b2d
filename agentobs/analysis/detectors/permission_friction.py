"""Calls that were denied, and calls that waited for the human's answer.

How long a permitted call waited before somebody permitted it is in no agent's records: only questions to the human
(their duration is the waiting) and denials are seen. A call stopped by an interrupt is user_pushback's.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._endings import sessions_of

ASKING = ("AskUserQuestion", "ExitPlanMode", "exit_plan_mode", "ask_followup_question", "plan_mode_respond", "question",
          "request_user_input", "ask_user", "ask_human", "request_permission", "request_permissions", "plan_exit",
          "vscode_askQuestions")  # fmt: skip


def find(
    steps: pd.DataFrame, *, at_least: int = 1, waiting_s: float = 60.0, high_share: float = 0.2, many: int = 3,
    asking: tuple[str, ...] = ASKING,
) -> pd.DataFrame:  # fmt: skip
    """Sessions in which calls were denied or questions waited for the human.

    Parameters
    ----------
    steps : frame of STEPS
    at_least : denied calls that count
    waiting_s : seconds that questions waited together from which on they count
    high_share : share of the session's time, in [0, 1], from which on waiting is medium
    many : denied calls from which on they are medium; twice as many: high
    asking : tools whose call lasts until the human answers

    Returns
    -------
    HITS, one per session. Evidence: the denied calls and the questions; the denied calls were in vain. A duration that
    is unknown is no waiting, a status that is unknown no denial; the share is left out where times are unknown.
    Confidence: 0.95.
    """
    return hits(_found(steps, at_least, waiting_s, high_share, many, asking))


def _found(
    steps: pd.DataFrame, at_least: int, waiting_s: float, high_share: float, many: int, asking: tuple[str, ...]
) -> Iterator[Hit]:
    calls = (steps["kind"] == "call").to_numpy(bool)
    denied = calls & (steps["status"] == "denied").fillna(value=False).to_numpy(bool)
    lengths = steps["duration_ms"].to_numpy("float64", na_value=np.nan) / 1000
    asked = calls & steps["tool_name"].isin(asking).to_numpy(bool) & ~np.isnan(lengths)
    if not (denied | asked).any():
        return
    timed = steps["timed"].fillna(value=False).to_numpy(bool)
    times = steps["started_at"].astype("int64").to_numpy() / 1e6
    for rows in sessions_of(steps):
        refused, questions = rows[denied[rows]], rows[asked[rows]]
        waited = float(lengths[questions].sum())
        if len(refused) < max(at_least, 1):
            refused = refused[:0]
        if waited < waiting_s:
            questions = questions[:0]
        if not len(refused) and not len(questions):
            continue
        own = times[rows[timed[rows]]]
        span = float(own.max() - own.min()) if len(own) > 1 else 0.0
        share = waited / span if span > 0 and len(questions) else None
        grave = 2 if len(refused) >= 2 * many else 1 if len(refused) >= many or (share or 0) >= high_share else 0
        evidence = np.union1d(refused, questions)
        yield Hit(
            evidence,
            refused,
            ("low", "medium", "high")[grave],
            0.95,
            _said(len(refused), len(questions), waited, share),
        )


def _said(refused: int, questions: int, waited: float, share: float | None) -> str:
    parts = [f"{refused} call{'s were' if refused > 1 else ' was'} denied"] if refused else []
    if questions:
        of = "" if share is None else f", {min(share, 1):.0%} of the session"
        parts.append(f"{questions} question{'s' * (questions > 1)} waited {waited:.0f} s for the human{of}")
    return "; ".join(parts)


DETECTOR = Detector(
    name="permission_friction",
    version=1,
    title="Permission friction",
    definition="Calls that were denied, or that waited at least 60 s for the human together, and their share of time.",
    source="agentobs",
    find=find,
)
