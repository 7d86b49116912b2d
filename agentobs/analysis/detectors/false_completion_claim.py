"""Claimed, not shown: the last message says it works or is done while the last check failed, or none ran.

English only. A claim with a negation, a condition or a plan in its sentence is none ("not all tests pass", "should
pass"), and a message that admits a failure or that nothing was run claims nothing.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._checks import FAILED, NONE, checks_of, code_edits_of, is_configuration
from agentobs.analysis.detectors._claims import CHECKED, WORKS, admits_failure, admits_unchecked, claims_in
from agentobs.analysis.detectors._endings import Ending, endings
from agentobs.analysis.steps import CHECKS

_SAID = {CHECKED: "that checks passed", WORKS: "that it works"}


def find(steps: pd.DataFrame) -> pd.DataFrame:
    """Sessions that changed code and whose last message asserts success against, or without, the evidence.

    Parameters
    ----------
    steps : frame of STEPS

    Returns
    -------
    HITS, at most one a session: the message and the last check, or the last edit where nothing ran. Severity: critical
    where checks are said to have passed and the last one failed, high where the last check failed, medium where none
    ran but passed checks are claimed, low where only "done" or "fixed" is; where none ran, edits of documents and of
    configuration alone do not count. Confidence falls in the same order. The last
    check is a test or a build; where there is none, a failed run of a program is no proof, but it is a check that ran.
    A last check whose outcome is unknown says nothing. Nothing was certainly in vain.
    """
    return hits(_found(steps))


def _found(steps: pd.DataFrame) -> Iterator[Hit]:
    outcome = checks_of(steps)
    tests = steps["type"].isin(CHECKS).to_numpy(bool) & (outcome != NONE)
    texts, paths, rows = steps["text"].array, steps["file_path"].array, steps.index.to_numpy()
    edited = code_edits_of(steps)
    for end in endings(steps, outcome):
        text = texts[end.answer] if end.answer is not None else None
        if end.how == "human" or not isinstance(text, str) or not _is_closing(end):
            continue
        checks = end.rows[tests[end.rows]]
        ran = end.rows[outcome[end.rows] != NONE]
        failed = bool(len(checks)) and outcome[checks[-1]] == FAILED
        if not failed and len(ran):
            continue
        if failed and not _stands(outcome, ran, checks[-1]):
            continue
        changed = [] if failed else paths[end.rows[edited[end.rows]]].tolist()
        if not failed and all(isinstance(path, str) and is_configuration(path) for path in changed):
            continue
        claimed = set() if admits_failure(text) or admits_unchecked(text) else claims_in(text)
        if claimed:
            proof = int(checks[-1]) if failed else end.edit
            severity, confidence = _weight(failed, claimed)
            said = next((_SAID[kind] for kind in (CHECKED, WORKS) if kind in claimed), "that it is done")
            yield Hit(
                rows[[proof, end.answer]],
                [],
                severity,
                confidence,
                f"the last message says {said}; "
                + ("the last test or build failed" if failed else "no test, build or run is in the session"),
            )


def _is_closing(end: Ending) -> bool:
    """A message after the last edit and at the end, or the words that go with the call that hands in."""
    return end.answer is not None and end.answer > end.edit and end.last - end.answer <= 2


def _stands(outcome: np.ndarray, ran: np.ndarray, failed: int) -> bool:
    """Nothing after the failed check passed or may have passed."""
    later = outcome[ran[ran > failed]]
    return bool((later == FAILED).all()) if len(later) else True


def _weight(failed: bool, claimed: set[str]) -> tuple[str, float]:
    if failed:
        return ("critical", 0.9) if CHECKED in claimed else ("high", 0.8)
    return ("medium", 0.8) if CHECKED in claimed else ("low", 0.65)


DETECTOR = Detector(
    name="false_completion_claim",
    version=1,
    title="Claimed, not shown",
    definition="The last message asserts success while the last check failed, or none ran, in a session that"
    " changed code.",
    source="MAST, arXiv 2503.13657",
    find=find,
)
