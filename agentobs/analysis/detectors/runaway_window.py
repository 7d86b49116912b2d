"""A run away: a window of calls in which half fail, or one kind of command is tried over and over between failures."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._checks import tells_failures
from agentobs.analysis.detectors._sequences import calls_of, codes, flags, merged, threads

_PROGRAM = r"^\s*(?:cd [^&;]*(?:&&|;)\s*)?(?:\w+=\S*\s+)*([\w./-]+)(?:\s|$|[;&|])"


def find(
    steps: pd.DataFrame, *, window: int = 12, failures: int = 6, some_failures: int = 3, same_class: int = 10
) -> pd.DataFrame:
    """Windows of calls that ran away.

    Parameters
    ----------
    steps : frame of STEPS
    window : calls of a thread that are looked at together
    failures : so many of them failed (an unknown outcome is no failure); or
    some_failures, same_class : so many failed, and so many are of one class: the program of a shell command (unknown
        where nobody can read it), of other calls the tool

    Returns
    -------
    HITS; windows that overlap are one. The failed calls were in vain, but for test runs that say what failed.
    """
    return hits(_found(steps, window, failures, some_failures, same_class))


def _found(steps: pd.DataFrame, window: int, failures: int, some: int, same: int) -> Iterator[Hit]:
    calls = calls_of(steps)
    failed = flags(calls["failed"]) & ~calls["status"].isin(["denied", "interrupted"]).to_numpy(bool)
    program = calls["command"].str.extract(_PROGRAM, expand=False)
    kinds = program.where(calls["command"].notna(), calls["tool_name"])
    vain = failed & ~tells_failures(calls)
    classes, rows = codes(kinds), calls.index.to_numpy()
    for thread in threads(calls):
        bad = failed[thread]
        if len(thread) < window or bad.sum() < some:
            continue
        count = np.convolve(bad, np.ones(window, dtype=int), "valid")
        spans = (
            (start, start + window)
            for start in np.flatnonzero(count >= some).tolist()
            if count[start] >= failures or _most(classes[thread[start : start + window]]) >= same
        )
        for start, end in merged(spans):
            place = thread[start:end]
            wrong = int(bad[start:end].sum())
            many = wrong * window >= failures * len(place)
            yield Hit(
                rows[place],
                rows[place[vain[place]]],
                "high" if many else "medium",
                0.9,
                f"{wrong} of {len(place)} calls failed; {_most(classes[place])} of them were of one class",
            )


def _most(classes: np.ndarray) -> int:
    known = classes[classes >= 0]
    return int(np.bincount(known).max()) if len(known) else 0


DETECTOR = Detector(
    name="runaway_window",
    version=2,
    title="A run away",
    definition="12 calls with at least 6 failures, or at least 3 failures and one command class at least 10 times.",
    source="agentobs",
    find=find,
)
