"""Reliability: how often calls fail, why, and how soon the session is back on its feet."""

import re
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from agentobs.analysis.intervals import wilson
from agentobs.analysis.steps import CHECKS
from agentobs.analysis.tally import Tally, column, ratio
from agentobs.frames import require

HEAD, TAIL = 300, 700  # characters of an output that say what went wrong: the rest is code and data
MOST_STEPS = 20  # how far a recovery may be away


class Kind(NamedTuple):
    """One class of errors, and what an output of this class says."""

    name: str
    says: str  # a regular expression, of an output in lower case


# the first that matches is the class: the more special stands before the more general
TAXONOMY = (
    Kind("syntax", r"proposed edit has introduced new syntax error|inputvalidationerror"),
    Kind("network", r"\beconn(?:refused|reset|aborted)\b|\benotfound\b|\beai_again\b|could not resolve host"
                    r"|connection (?:refused|reset|aborted|error)|name or service not known|network is unreachable"
                    r"|temporary failure in name resolution|max retries exceeded|ssl(?:error|: cert)|proxyerror"
                    r"|\b50[234] (?:bad gateway|service unavailable|gateway time)|socket hang up|fetch failed"),
    Kind("limit", r"\brate.?limit|too many requests|\b(?:http|status|error|code)\W{1,3}429\b|\bquotas?\b"
                  r"|insufficient (?:credit|balance)|out of memory"
                  r"|\benomem\b"
                  r"|no space left|disk full|context (?:length|window)|maximum context|prompt is too long|token limit"
                  r"|exceeds? (?:the )?max|too large|exit_cost|budget"),
    Kind("timeout", r"\btim(?:e|ed)[ -]?out\b|deadline exceeded|\betimedout\b|took too long|exit code:? 124\b"),
    Kind("stale_file", r"(?:file|it) has (?:been )?(?:modified|changed)|modified since|has not been read yet"
                       r"|read it first"
                       r"|string to replace (?:was )?not found|old_str\w*.{0,80}(?:not found|did not appear|no match)"
                       r"|could not find (?:the )?(?:old|search|string|context)"
                       r"|(?:failed|unable) to find expected lines"
                       r"|search block.{0,40}(?:not|fail)"
                       r"|no (?:exact )?match(?:es)? found for (?:the )?(?:replace|old|edit)"
                       r"|found \d+ matches of the string|multiple (?:matches|occurrences)"
                       r"|patch (?:failed|does not apply)"
                       r"|hunk .{0,20}fail"),
    Kind("permission", r"permission denied|\be(?:acces|perm)\b|access (?:is )?denied|operation not permitted"
                       r"|unauthorized"
                       r"|\bforbidden\b|\b(?:http|status|error|code)\W{1,3}40[13]\b"
                       r"|not (?:allowed|authorized)|read-only file system|haven't granted"
                       r"|requires approval|sandbox.{0,40}(?:den|block|restrict)"),
    Kind("environment", r"command not found|\w: not found$|modulenotfounderror|no module named|cannot find module"
                        r"|is not recognized as an internal|(?:can't|cannot) open file|settings are not configured"
                        r"|appregistrynotready|apps aren't loaded|doesn't declare an explicit app_label"
                        r"|importerror: (?:no module|lib)|_failedtest|cannot open shared object|no such command"
                        r"|(?:could not|unable to) (?:find|locate) (?:a |the )?(?:version|package|executable)"
                        r"|unsupported engine|externally-managed|missing script|no tests? (?:ran|found|collected)"
                        r"|improperlyconfigured|collected 0 items|ran 0 tests"),
    Kind("not_found", r"no such file|\benoent\b|file not found|not found|does(?: not|n't) exist|no matches"
                      r"|cannot access"
                      r"|not a directory|is a directory|\b(?:http|status|error|code)\W{1,3}404\b"
                      r"|pathspec .{0,200} did not match"),
    Kind("syntax", r"syntaxerror|indentationerror|syntax error|parse error|unexpected (?:token|eof|indent|end)"
                   r"|invalid (?:json|syntax|arguments?|option|input|parameter)|unterminated"
                   r"|unrecognized (?:argument|option)|usage: |missing required|required parameter|\be999\b|\be902\b"),
)  # fmt: skip
CLASSES = (*dict.fromkeys(kind.name for kind in TAXONOMY), "test_failure", "user_interruption", "other")
_PATTERNS = tuple((kind.name, re.compile(kind.says, re.MULTILINE)) for kind in TAXONOMY)
_ENVIRONMENT = {"environment", "network", "permission"}
_TRIED = re.compile(r"\bassert\w*\b|\b[1-9]\d* (?:failed|passed)\b|\bFAILED \(|\bfailures=[1-9]|^FAIL", re.MULTILINE)


def error_class(kind: str | None, status: str | None, output: str | None) -> str:
    """Return the class of a failed call: by its status, then by what it says, then by what it is.

    kind: the type of the call. A denied call is `permission`. A test or build that ran and did not pass is
    `test_failure`, whatever words its report holds.
    """
    if status == "interrupted":
        return "user_interruption"
    if status == "denied":
        return "permission"
    check = kind in CHECKS
    if not isinstance(output, str):
        return "test_failure" if check else "other"
    if check and _tried(output):
        return "test_failure"
    named = _named(output)
    return named or ("test_failure" if check else "other")


def environmental(output: object) -> bool:
    """Tell whether a check's output says that it never tried the work: no such module, command, file or network."""
    if not isinstance(output, str) or _tried(output):
        return False
    return _named(output) in _ENVIRONMENT


@lru_cache(maxsize=8_192)  # checks are asked twice: whether they tried the work, and why they failed
def _tried(output: str) -> bool:
    """Tell whether a check got as far as its tests; unittest calls a test that it cannot import one that failed."""
    return _TRIED.search(output) is not None and "_FailedTest" not in output


@lru_cache(maxsize=8_192)
def _named(output: str) -> str | None:
    """The first class of the taxonomy that the head and the tail of an output speak of."""
    telling = output if len(output) <= HEAD + TAIL else f"{output[:HEAD]}\n{output[-TAIL:]}"
    lower = telling.lower()
    return next((name for name, says in _PATTERNS if says.search(lower)), None)


def error_classes(steps: pd.DataFrame) -> pd.Series:
    """The class of each failed call, str by the index of the steps; calls that did not fail are not in it."""
    require(steps, ["kind", "type", "status", "output", "failed"], "steps")
    failed = _failed(steps)
    rows = steps.loc[failed, ["type", "status", "output"]]
    plain = rows.astype("object").where(rows.notna(), None)
    return pd.Series([error_class(*row) for row in plain.itertuples(index=False)], index=rows.index, dtype="str")


def errors_by_class(steps: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """How many calls failed, by class, over all sessions.

    Parameters
    ----------
    steps : frame of STEPS
    confidence : of the Wilson intervals

    Returns
    -------
    One row per class of CLASSES, in that order: error_class (str), failures (Int64), known (Int64, calls whose outcome
    is known), rate (Float64, failures / known), rate_low and rate_high (its interval); <NA> where known is 0.
    """
    counts = error_classes(steps).value_counts().reindex(list(CLASSES), fill_value=0)
    known = int(_known(steps).sum())
    low, high = wilson(counts.to_numpy(), np.full(len(counts), known), confidence=confidence)
    made = {"error_class": pd.Series(CLASSES, dtype="str"), "failures": column(counts, "Int64"),
            "known": column(np.full(len(counts), known), "Int64"),
            "rate": column(ratio(counts, np.full(len(counts), known))),
            "rate_low": column(low), "rate_high": column(high)}  # fmt: skip
    return pd.DataFrame(made)


def reliability(steps: pd.DataFrame, session_ids: pd.Series, *, most_steps: int = MOST_STEPS) -> pd.DataFrame:
    """How often each session's calls fail, why, and how soon the same tool works again.

    Parameters
    ----------
    steps : frame of STEPS
    session_ids : the sessions, in the order wanted
    most_steps : a recovery further away, in calls of the thread, is none

    Returns
    -------
    One row per session: session_id and

    =================  =======  ======================================================================================
    calls              Int64    calls
    calls_known        Int64    of them those whose outcome is known
    call_errors        Int64    of those failed, denied, interrupted, or checks that did not pass
    call_error_rate    Float64  call_errors / calls_known; <NA>: nothing is known
    errors_by_class    object   dict: call_errors by class, without zeros
    failure_runs       Int64    times that a tool began to fail: failures of it in a row are one
    recovered_share    Float64  of them those after which the same tool succeeded within most_steps
    recovery_steps     Float64  mean of calls from the first failure to that success; <NA>: there is none
    =================  =======  ======================================================================================
    """
    tally = Tally(steps, session_ids)
    known, failed = _known(steps), _failed(steps)
    runs, recovered, distance = _recoveries(steps, most_steps)
    begun = tally.count(runs)
    return pd.DataFrame(
        {
            "session_id": pd.Series(session_ids).reset_index(drop=True),
            "calls": column(tally.count((steps["kind"] == "call").to_numpy(bool)), "Int64"),
            "calls_known": column(tally.count(known), "Int64"),
            "call_errors": column(tally.count(failed), "Int64"),
            "call_error_rate": column(tally.share(failed, known)),
            "errors_by_class": _dicts(steps, tally),
            "failure_runs": column(begun, "Int64"),
            "recovered_share": column(tally.share(recovered, runs)),
            "recovery_steps": column(ratio(tally.total(distance, recovered), tally.count(recovered))),
        }
    )


def _dicts(steps: pd.DataFrame, tally: Tally) -> pd.Series:
    found = [Counter[str]() for _ in tally.sessions]
    places = np.flatnonzero(_failed(steps))
    for place, name in zip(tally.codes[places].tolist(), error_classes(steps).tolist(), strict=True):
        if place >= 0:
            found[place][name] += 1
    return pd.Series([dict(sorted(one.items())) for one in found], dtype="object")


def _recoveries(steps: pd.DataFrame, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First failures in a row of a tool in its thread; which of them recovered; after how many calls."""
    calls = np.flatnonzero((steps["kind"] == "call").to_numpy(bool))
    part = steps.iloc[calls]
    keys = [part["session_id"], part["thread_id"].fillna("")]
    place = part.groupby(keys, sort=False).cumcount().to_numpy()
    state = np.where(_failed(steps)[calls], -1.0, np.where(_known(steps)[calls], 1.0, np.nan))
    told = ~np.isnan(state)
    table = pd.DataFrame({"row": calls, "place": place, "state": state})[told]
    tool = [key[told] for key in (*keys, part["tool_name"].fillna(""))]
    groups = table.groupby([key.to_numpy() for key in tool], sort=False)
    begins = (table["state"] == -1) & (groups["state"].shift() != -1)
    success = table["place"].where(table["state"] == 1)
    after = success.groupby([key.to_numpy() for key in tool], sort=False).bfill()
    distance = (after - table["place"]).to_numpy("float64")
    runs, recovered = np.zeros(len(steps), dtype=bool), np.zeros(len(steps), dtype=bool)
    far = np.full(len(steps), np.nan)
    rows = table["row"].to_numpy()
    runs[rows] = begins.to_numpy(bool)
    recovered[rows] = begins.to_numpy(bool) & (distance <= most)
    far[rows] = distance
    return runs, recovered, far


def _known(steps: pd.DataFrame) -> np.ndarray:
    return (steps["kind"] == "call").to_numpy(bool) & steps["failed"].notna().to_numpy(bool)


def _failed(steps: pd.DataFrame) -> np.ndarray:
    return (steps["kind"] == "call").to_numpy(bool) & steps["failed"].fillna(value=False).to_numpy(bool)
