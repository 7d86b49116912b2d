"""Verification: whether what a session changed was tried, and what came of it."""

import re
import weakref

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._checks import FAILED, NONE, PASSED, UNKNOWN, checks_of, code_edits_of
from agentobs.analysis.reliability import environmental
from agentobs.analysis.steps import CHECKS
from agentobs.analysis.tally import Tally, column, numbers, ratio, whether
from agentobs.frames import require

_NO_TEST = re.compile(
    r"\bran 0 tests\b|\bcollected 0 items\b|\bno tests? (?:ran|found|collected|to run)\b", re.IGNORECASE
)


def verification(steps: pd.DataFrame, session_ids: pd.Series) -> pd.DataFrame:
    """How each session verified its work.

    A check is a test, a build, a run of a program, a linter or a look by a browser. An edit is a change of a file other
    than a document that did not fail. What a check says is unknown where its source does not tell, and where it failed
    for its environment alone (no such file, module or command): it never tried the work.

    Parameters
    ----------
    steps : frame of STEPS
    session_ids : the sessions, in the order wanted

    Returns
    -------
    One row per session: session_id and

    ======================  =======  =================================================================================
    test_runs               Int64    test runs, whatever came of them
    test_pass_rate          Float64  passed / test runs whose outcome is known; <NA>: of none it is
    test_passed_last        boolean  the last test run whose outcome is known passed
    test_passed_any         boolean  any did
    first_green_s           Float64  seconds from the first step to the end of the first test or build that passed;
                                     <NA>: none did (the session may have ended too early), or there are no times
    first_green_calls       Int64    calls before it
    checks                  Int64    checks
    code_edits              Int64    edits
    verified_edits          Int64    edits after which a check passed, any time later in the session
    edits_verified_share    Float64  verified_edits / edits, without those after which the only checks are unknown
    checks_per_edit         Float64  checks / edits; <NA>: no edits
    verified_finish         boolean  a check passed after the last edit; <NA>: no edits, or its checks do not say
    ======================  =======  =================================================================================
    """
    require(steps, ["kind", "type", "passed", "failed", "command", "output", "started_at", "ended_at"], "steps")
    tally = Tally(steps, session_ids)
    outcome, edits = said(steps), code_edits_of(steps)
    tests = (steps["type"] == "test_run").to_numpy(bool) & (outcome != NONE)
    known = tests & (outcome != UNKNOWN)
    green = steps["type"].isin(CHECKS).to_numpy(bool) & (outcome == PASSED)
    good, bad, mute = (tally.last(outcome == one) for one in (PASSED, FAILED, UNKNOWN))
    rows = np.arange(len(steps))
    verified = edits & (rows < tally.of_step(good))
    unsure = edits & ~verified & (rows < tally.of_step(mute)) & ~(rows < tally.of_step(bad))
    last_test, last_edit, first_green = tally.last(known), tally.last(edits), tally.first(green)
    count, runs = tally.count(edits), tally.count(known)
    checks = tally.count(outcome != NONE)
    calls = np.append(0, np.cumsum((steps["kind"] == "call").to_numpy(bool)))
    before = calls[first_green] - calls[tally.first(np.ones(len(steps), dtype=bool))]
    sure = (last_edit >= 0) & ((good > last_edit) | ~((mute > last_edit) & (bad <= last_edit)))
    return pd.DataFrame(
        {
            "session_id": pd.Series(session_ids).reset_index(drop=True),
            "test_runs": column(tally.count(tests), "Int64"),
            "test_pass_rate": column(tally.share(outcome == PASSED, known)),
            "test_passed_last": whether(np.append(outcome == PASSED, False)[last_test], runs > 0),
            "test_passed_any": whether(tally.count(known & (outcome == PASSED)) > 0, runs > 0),
            "first_green_s": column(_seconds(steps, tally, first_green)),
            "first_green_calls": column(np.where(first_green >= 0, before, np.nan), "Int64"),
            "checks": column(checks, "Int64"),
            "code_edits": column(count, "Int64"),
            "verified_edits": column(tally.count(verified), "Int64"),
            "edits_verified_share": column(tally.share(verified, edits & ~unsure)),
            "checks_per_edit": column(ratio(checks, count)),
            "verified_finish": whether(good > last_edit, sure),
        }
    )


_latest: dict[str, tuple[weakref.ref[pd.DataFrame], np.ndarray]] = {}  # metrics of one frame ask for it again


def said(steps: pd.DataFrame) -> np.ndarray:
    """What came of each step as a check of the work, as detectors say it, but UNKNOWN where it never tried the work.

    That is: a failure for want of a module, command or file, and a success of no test at all.
    """
    kept = _latest.get("said")
    if kept is not None and kept[0]() is steps:
        return kept[1].copy()
    outcome = checks_of(steps).copy()
    told = np.flatnonzero((outcome == FAILED) | (outcome == PASSED))
    outputs, failed = steps["output"].iloc[told].tolist(), (outcome[told] == FAILED).tolist()
    idle = [
        environmental(output) if bad else isinstance(output, str) and _NO_TEST.search(output) is not None
        for output, bad in zip(outputs, failed, strict=True)
    ]
    outcome[told[np.array(idle, dtype=bool)]] = UNKNOWN
    _latest["said"] = (weakref.ref(steps), outcome)
    return outcome.copy()


def _seconds(steps: pd.DataFrame, tally: Tally, until: np.ndarray) -> np.ndarray:
    """Seconds from a session's first step with a time of its own to the end of a step."""
    timed = steps["timed"].fillna(value=False).to_numpy(bool) & steps["started_at"].notna().to_numpy(bool)
    start, end = (seconds(steps[name]) for name in ("started_at", "ended_at"))
    first = tally.first(timed)
    both = (first >= 0) & (until >= 0)
    both[both] &= timed[until[both]]
    found = np.full(len(until), np.nan)
    found[both] = end[until[both]] - start[first[both]]
    return found


def seconds(times: pd.Series) -> np.ndarray:
    """Times as seconds since 1970; unknown is NaN."""
    return numbers(pd.Series(times.astype("int64") / 1e6, index=times.index).where(times.notna()))
