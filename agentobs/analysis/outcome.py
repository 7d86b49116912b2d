"""Outcome: whether a session reached what it was for, as far as its own traces tell, and why one would think so.

Nobody knows it from the traces alone: tests that the agent wrote itself, or too few, pass for the wrong change as well.
So the outcome comes with its evidence and a confidence, and without evidence it stays unknown.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._checks import FAILED, NONE, PASSED, code_edits_of
from agentobs.analysis.detectors._claims import admits_failure, claims_in
from agentobs.analysis.detectors._endings import FINISHING
from agentobs.analysis.own_files import own_checks
from agentobs.analysis.steps import CHECKS
from agentobs.analysis.tally import Tally, column
from agentobs.analysis.verification import said
from agentobs.frames import require

OUTCOMES = ("success", "partial", "failure", "abandoned", "unknown")


class Sign(NamedTuple):
    """One kind of evidence: how far it moves the belief in success, and what it says to a reader."""

    weight: float  # log odds: 2 is 88 : 12, 1 is 73 : 27, 0.4 is 60 : 40
    hard: bool  # alone it decides that anything is known at all
    says: str


# Judgements, not fitted to any data. On real runs with hidden tests half of those whose own tests passed had solved
# their task: a passed test moves little, a word of a human more.
PRIOR = -0.4
SIGNS: Mapping[str, Sign] = MappingProxyType(
    {
        "tests_passed": Sign(0.8, True, "the last tests after the last edit passed"),
        "own_tests_passed": Sign(
            0.4, True, "the last tests after the last edit passed, of a file that the session wrote"
        ),
        "build_passed": Sign(0.6, True, "the last build after the last edit passed"),
        "run_passed": Sign(0.3, False, "a run after the last edit went well"),
        "committed": Sign(0.6, True, "the work was committed after the last edit"),
        "approved": Sign(2.0, True, "the next human turn approves"),
        "claimed": Sign(0.1, False, "the last message says that it works"),
        "finished": Sign(0.2, False, "the agent said its last word or handed in"),
        "tests_failed": Sign(-1.5, True, "the last tests after the last edit failed"),
        "own_tests_failed": Sign(
            -0.8, True, "the last tests after the last edit failed, of a file that the session wrote"
        ),
        "build_failed": Sign(-1.2, True, "the last build after the last edit failed"),
        "run_failed": Sign(-0.5, False, "the last run after the last edit failed"),
        "rejected": Sign(-2.0, True, "the next human turn rejects or corrects"),
        "rolled_back": Sign(-1.2, True, "the work was rolled back after the last edit"),
        "admitted": Sign(-0.8, True, "the last message says that something fails"),
        "tampered": Sign(-1.0, False, "tests were weakened"),
        "open_todos": Sign(-0.6, False, "todos are open"),
        "unchecked": Sign(-0.3, False, "nothing was checked after the last edit"),
        "failed_before": Sign(-0.3, False, "the last check, before the last edit, failed"),
        "pending": Sign(-1.0, False, "the last call has no result"),
        "error": Sign(-1.0, False, "it ends with an error of the client"),
        "interrupted": Sign(-1.0, False, "its human stopped it, and nothing followed"),
        "unanswered": Sign(-0.5, False, "the last prompt has no answer"),
    }
)
_ABANDONED = {"pending": 0.9, "error": 0.85, "interrupted": 0.8, "unanswered": 0.7}
_APPROVES = re.compile(
    r"\A\W*(?:(?:ok(?:ay)?|yes|yep|and|so|great|perfect|nice|awesome|excellent|lgtm|amazing|cool)\W+)*"
    r"(?:thanks?\b|thank you|ty\b|lgtm|looks? (?:good|great|right)|(?:it |that |this )?works?\b(?! on)|perfect\b"
    r"|great\b|nice(?:ly)?\b|awesome\b|excellent\b|well done|good (?:job|work)|ship it|merge it|(?:please )?commit\b"
    r"|approved?\b)",
    re.IGNORECASE,
)
_REJECTS = re.compile(
    r"\A\W*(?:no\b(?! problem)|nope\b|wrong\b|stop\b|undo\b|revert\b|that'?s (?:not|wrong)|not what\b"
    r"|why (?:did|are) you)"
    r"|\b(?:(?:does|did|is|do)(?:n'?t| not) (?:\w+ )?work|still (?:\w+ )?(?:fail|broken|not work|wrong|the same)"
    r"|not what i (?:asked|want|mean)|you (?:broke|forgot|missed|ignored)|i (?:said|asked|told you))",
    re.IGNORECASE,
)
_LONGEST_WORD = 400  # a longer prompt is a task of its own


def outcomes(
    steps: pd.DataFrame,
    session_ids: pd.Series,
    findings: pd.DataFrame,
    *,
    signs: Mapping[str, Sign] = SIGNS,
    prior: float = PRIOR,
    at_least: float = 0.6,
) -> pd.DataFrame:
    """How each session ended.

    Abandoned: it ends on a call without a result, an error of the client, an interrupt or a prompt without an answer.
    Otherwise its signs add up to a belief. Success: a hard sign for it, none against it, and a belief of at_least;
    failure: a hard sign against it, none for it, and a belief of at most 1 - at_least; partial: hard signs on both
    sides. All others are unknown. A check that never tried the work (no such module, command, file) is no sign.

    Parameters
    ----------
    steps : frame of STEPS
    session_ids : the sessions, in the order wanted
    findings : frame of FINDINGS, of the same sessions: user_pushback and test_tampering are read
    signs : the weights
    prior : log odds of success where nothing is seen
    at_least : the belief from which on it is called success, in (0.5, 1)

    Returns
    -------
    One row per session:

    ==================  =======  =====================================================================================
    session_id          str
    outcome             str      one of OUTCOMES
    outcome_confidence  Float64  how likely this outcome is right if the signs are what they seem; <NA>: unknown
    success_belief      Float64  of success, whatever the outcome is called, in (0, 1); <NA>: no sign at all
    evidence            object   list of str: the signs, strongest first
    ==================  =======  =====================================================================================
    """
    require(steps, ["session_id", "thread_id", "kind", "type", "tool_name", "text", "event_id", "open_todos"], "steps")
    seen = _signs(steps, Tally(steps, session_ids), findings)
    names = [name for name in signs if name in seen]
    marks = np.column_stack([seen[name] for name in names])
    weights = np.array([signs[name].weight for name in names])
    belief = 1 / (1 + np.exp(-(prior + marks @ weights)))
    order = np.argsort(-np.abs(weights), kind="stable")
    rows = []
    for row in range(len(marks)):
        mine = [names[place] for place in order if marks[row, place]]
        outcome, confidence = _called(mine, float(belief[row]), signs, at_least)
        rows.append((outcome, confidence, belief[row] if mine else None, [signs[name].says for name in mine]))
    made = pd.DataFrame(rows, columns=["outcome", "outcome_confidence", "success_belief", "evidence"], dtype="object")
    made.insert(0, "session_id", pd.Series(session_ids).reset_index(drop=True))
    kinds = {"session_id": "str", "outcome": "str", "outcome_confidence": "Float64", "success_belief": "Float64"}
    return made.astype(kinds)


def _called(mine: list[str], belief: float, signs: Mapping[str, Sign], at_least: float) -> tuple[str, float | None]:
    """What these signs are called, and how surely."""
    ended = [_ABANDONED[name] for name in mine if name in _ABANDONED]
    hard = [signs[name].weight for name in mine if signs[name].hard]
    if ended and not {"approved", "committed"} & set(mine):
        return "abandoned", max(ended)
    if hard and min(hard) > 0 and belief >= at_least:
        return "success", belief
    if hard and max(hard) < 0 and belief <= 1 - at_least:
        return "failure", 1 - belief
    if hard and min(hard) < 0 < max(hard):
        return "partial", 0.5
    return "unknown", None


def _signs(steps: pd.DataFrame, tally: Tally, findings: pd.DataFrame) -> dict[str, np.ndarray]:
    """Which sign each session shows."""
    main = steps["thread_id"].isna().to_numpy(bool)
    kinds = steps["kind"].to_numpy(dtype=object)
    edit = tally.last(code_edits_of(steps))
    found = _checks(steps, tally, edit) | _ends(steps, tally, main, kinds)
    rows = np.arange(len(steps))
    types = steps["type"].to_numpy(dtype=object)
    went = ~steps["failed"].fillna(value=False).to_numpy(bool) & (kinds == "call")
    edited = edit >= 0
    for name, kind in (("committed", "commit_created"), ("rolled_back", "rollback_performed")):
        found[name] = edited & (tally.last((types == kind) & went) > edit)
    work = np.maximum(edit, tally.last((kinds == "call") & main))
    turn = main & (kinds == "prompt") & (rows > tally.of_step(tally.first(np.isin(kinds, ["answer", "call"]) & main)))
    last_turn = np.where(tally.first(main & (kinds == "answer")) >= 0, tally.last(turn), -1)
    found |= _human(steps, last_turn, findings) | _words(steps, tally, main & (kinds == "answer"), work, edited)
    todos = tally.last(steps["open_todos"].notna().to_numpy(bool))
    still = steps["open_todos"].fillna(0).to_numpy("int64")
    found["open_todos"] = (todos >= 0) & (np.append(still, 0)[todos] > 0)
    tampered = findings.loc[findings["detector"] == "test_tampering", "session_id"]
    found["tampered"] = tally.sessions.isin(tampered)
    return found


def _checks(steps: pd.DataFrame, tally: Tally, edit: np.ndarray) -> dict[str, np.ndarray]:
    """What checks after the last edit say; tests speak before builds, builds before runs."""
    outcome = said(steps)
    after = np.arange(len(steps)) > tally.of_step(edit)
    types = steps["type"].to_numpy(dtype=object)
    told = (outcome == PASSED) | (outcome == FAILED)
    good = np.append(outcome == PASSED, False)
    found: dict[str, np.ndarray] = {}
    silent = edit >= 0
    own = own_checks(steps, told & after & (types == CHECKS[0]))
    for name, which in (("tests", types == CHECKS[0]), ("build", types == CHECKS[1]), ("run", ~np.isin(types, CHECKS))):
        last = tally.last(told & after & which)
        theirs = silent & (last >= 0)
        mine = theirs & np.append(own, False)[last]
        for said_name, marks in ((name, theirs & ~mine), (f"own_{name}", mine)):
            found[f"{said_name}_passed"] = marks & good[last]
            found[f"{said_name}_failed"] = marks & ~good[last]
        silent = silent & (last < 0)
    found["unchecked"] = (edit >= 0) & (tally.count((outcome != NONE) & after) == 0)
    before = tally.last(told & ~after)
    found["failed_before"] = found["unchecked"] & (before >= 0) & ~good[before]
    return found


_NOBODY = np.array([None], dtype=object)  # what stands at -1: a session without such a step


def _ends(steps: pd.DataFrame, tally: Tally, main: np.ndarray, kinds: np.ndarray) -> dict[str, np.ndarray]:
    """How the main thread stops."""
    last = tally.last(main & np.isin(kinds, ["prompt", "answer", "thought", "interrupt", "call", "error"]))
    kind = np.append(kinds, _NOBODY)[last]
    tool = np.append(steps["tool_name"].to_numpy(dtype=object), _NOBODY)[last]
    result = np.append(steps["result_event_id"].notna().to_numpy(bool), True)[last]
    handed = (last >= 0) & np.isin(tool.astype(str), FINISHING)
    return {
        "finished": (last >= 0) & ((kind == "answer") | handed),
        "pending": (kind == "call") & ~result & ~handed,
        "error": kind == "error",
        "interrupted": kind == "interrupt",
        "unanswered": kind == "prompt",
    }


def _human(steps: pd.DataFrame, turn: np.ndarray, findings: pd.DataFrame) -> dict[str, np.ndarray]:
    """What the last human turn that follows work says of it."""
    ids = set(findings.loc[findings["detector"] == "user_pushback", "event_ids"].explode().dropna())
    texts, events = steps["text"].tolist(), steps["event_id"].tolist()
    approved, rejected = np.zeros(len(turn), dtype=bool), np.zeros(len(turn), dtype=bool)
    for place in np.flatnonzero(turn >= 0).tolist():
        row = int(turn[place])
        text = texts[row]
        word = text if isinstance(text, str) and len(text) <= _LONGEST_WORD else ""
        rejected[place] = events[row] in ids or _REJECTS.search(word) is not None
        approved[place] = not rejected[place] and _APPROVES.search(word) is not None
    return {"approved": approved, "rejected": rejected}


def _words(
    steps: pd.DataFrame, tally: Tally, answers: np.ndarray, work: np.ndarray, edited: np.ndarray
) -> dict[str, np.ndarray]:
    """What the agent's last message says, where it comes with or after the last thing done in a session of edits."""
    last = tally.last(answers)
    claimed, admitted = np.zeros(len(last), dtype=bool), np.zeros(len(last), dtype=bool)
    texts = steps["text"].tolist()
    for place in np.flatnonzero((last >= 0) & edited & (last >= work - 2)).tolist():
        text = texts[int(last[place])]
        if isinstance(text, str):
            admitted[place] = admits_failure(text)
            claimed[place] = not admitted[place] and bool(claims_in(text))
    return {"claimed": claimed, "admitted": admitted}


def belief_of(made: pd.DataFrame) -> pd.Series:
    """The belief in success with even odds where there is no sign, to order sessions by."""
    return column(made["success_belief"].fillna(0.5))
