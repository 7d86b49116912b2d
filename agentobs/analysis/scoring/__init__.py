"""Scores: how well a session went, from 0 to 100, by named and versioned variants."""

from collections.abc import Collection

import pandas as pd

from agentobs.analysis.detectors import detectors
from agentobs.analysis.metrics import metrics
from agentobs.analysis.scoring import devlog, quality
from agentobs.frames import SCORES, conform

VERSION = "agentobs_v1.2 devlog_v1"  # changes when results change: findings and scores that are kept are made anew


def scores(
    sessions: pd.DataFrame,
    steps: pd.DataFrame,
    model_calls: pd.DataFrame,
    findings: pd.DataFrame,
    *,
    ran: Collection[str] | None = None,
) -> pd.DataFrame:
    """Every variant's score of each session.

    Parameters
    ----------
    sessions : frame of SESSIONS
    steps : frame of STEPS, of the same sessions
    model_calls : frame of MODEL_CALLS, of the same sessions
    findings : frame of FINDINGS, of the same sessions
    ran : names of the detectors that made the findings; default: all that there are

    Returns
    -------
    Frame of SCORES: a row per session and variant, session by session in their order. The outcome is in the rows of
    agentobs_v1; devlog_v1 does not know it.
    """
    looked = set(detectors()) if ran is None else ran
    made = metrics(sessions, steps, model_calls, findings, ran=looked)
    variants = [quality.scores(made, findings, ran=looked), devlog.scores(sessions, steps)]
    whole = pd.concat([conform(variant, SCORES) for variant in variants])
    return conform(whole.sort_index(kind="stable"), SCORES)
