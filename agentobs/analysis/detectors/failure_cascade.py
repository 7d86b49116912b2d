"""Failures that come in a row, longer than independent failures at the session's own rate would."""

from collections.abc import Iterator
from math import comb

import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._checks import tells_failures
from agentobs.analysis.detectors._sequences import calls_of, flags, runs, threads


def find(steps: pd.DataFrame, *, at_least: int = 3) -> pd.DataFrame:
    """Runs of failed calls.

    Parameters
    ----------
    steps : frame of STEPS
    at_least : failures in a row that count; a call that was denied or interrupted is no failure, and one whose outcome
        is unknown ends a run

    Returns
    -------
    HITS. The explanation has p: how probable so long a run is if this thread's failures came in any order (exact, by
    counting permutations of its calls whose outcome is known). Severity: high below 0.05, medium below 0.5, else low.
    All but the first failure of the run were in vain, but for test runs that say what failed.
    """
    return hits(_found(steps, at_least))


def _found(steps: pd.DataFrame, at_least: int) -> Iterator[Hit]:
    calls = calls_of(steps)
    failed = flags(calls["failed"]) & ~calls["status"].isin(["denied", "interrupted"]).to_numpy(bool)
    vain = failed & ~tells_failures(calls)
    known = calls["failed"].notna().to_numpy(bool)
    rows = calls.index.to_numpy()
    for thread in threads(calls):
        bad = failed[thread]
        if bad.sum() < at_least:
            continue
        for start, end in runs(bad.astype("int64") - 1, at_least):
            length, total, wrong = end - start, int(known[thread].sum()), int(bad.sum())
            p = longest_run_p(total, wrong, length)
            yield Hit(
                rows[thread[start:end]],
                rows[thread[start + 1 : end][vain[thread[start + 1 : end]]]],
                "high" if p < 0.05 else "medium" if p < 0.5 else "low",
                0.95,
                f"{length} calls failed in a row, of {wrong} failures in {total} calls (p = {p:.2g} if independent)",
            )


def longest_run_p(calls: int, failures: int, length: int) -> float:
    """Return the probability that failures in random order have a run of at least this length.

    Exact: the failures fall into the gaps between successes; arrangements in which no gap holds so many are counted by
    inclusion and exclusion.
    """
    gaps = calls - failures + 1
    without = sum(
        (-1) ** j * comb(gaps, j) * comb(failures - j * length + gaps - 1, gaps - 1)
        for j in range(min(gaps, failures // length) + 1)
    )
    return 1 - without / comb(calls, failures)


DETECTOR = Detector(
    name="failure_cascade",
    version=2,
    title="Failures in a row",
    definition="At least 3 tool failures in a row.",
    source="agentobs",
    find=find,
)
