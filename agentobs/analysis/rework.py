"""Rework: what was right the first time, what the agent corrected itself, what it wrote twice."""

from collections import Counter

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._checks import FAILED, NONE, PASSED, code_edits_of
from agentobs.analysis.tally import Tally, column, ratio
from agentobs.analysis.verification import said
from agentobs.frames import require


def rework(steps: pd.DataFrame, session_ids: pd.Series) -> pd.DataFrame:
    """How much of each session's work was done again.

    Parameters
    ----------
    steps : frame of STEPS
    session_ids : the sessions, in the order wanted

    Returns
    -------
    One row per session: session_id and

    =====================  =======  ==================================================================================
    files_checked          Int64    edited files after whose first edit a check ran (documents are none)
    one_shot_rate          Float64  of them those that were not edited again after that check
    failed_streaks         Int64    times that checks began to fail: failures in a row are one; unknown ones don't count
    self_correction_rate   Float64  of them those after which an edit, then a passed check came before the next prompt
    lines_edited           Int64    lines that edits wrote, where their text is known; <NA>: none is
    lines_edited_again     Int64    of them those that a later edit of the session took away or replaced
    rework_share           Float64  lines_edited_again / lines_edited
    =====================  =======  ==================================================================================
    """
    require(steps, ["kind", "type", "file_path", "old_text", "new_text", "read_range", "failed"], "steps")
    tally = Tally(steps, session_ids)
    outcome, edits = said(steps), code_edits_of(steps)
    checked, once = _one_shots(steps, tally, outcome, edits)
    streaks, corrected = _corrections(steps, tally, outcome, edits)
    written, again = _lines(steps, tally)
    return pd.DataFrame(
        {
            "session_id": pd.Series(session_ids).reset_index(drop=True),
            "files_checked": column(checked, "Int64"),
            "one_shot_rate": column(ratio(once, checked)),
            "failed_streaks": column(streaks, "Int64"),
            "self_correction_rate": column(ratio(corrected, streaks)),
            "lines_edited": column(written, "Int64"),
            "lines_edited_again": column(again, "Int64"),
            "rework_share": column(ratio(again, written)),
        }
    )


def _one_shots(
    steps: pd.DataFrame, tally: Tally, outcome: np.ndarray, edits: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Files of each session that were checked after their first edit, and those not edited after that check."""
    rows = np.flatnonzero(edits & steps["file_path"].notna().to_numpy(bool) & (tally.codes >= 0))
    table = pd.DataFrame({"session": tally.codes[rows], "file": steps["file_path"].iloc[rows].to_numpy(), "row": rows})
    spans = table.groupby(["session", "file"], sort=False)["row"].agg(["min", "max"]).reset_index()
    check = _next(tally, outcome != NONE)[spans["min"].to_numpy()]
    known = check >= 0
    session = spans["session"].to_numpy()
    size = len(tally.sessions)
    once = known & (spans["max"].to_numpy() < check)
    return np.bincount(session[known], minlength=size), np.bincount(session[once], minlength=size)


def _next(tally: Tally, marks: np.ndarray) -> np.ndarray:
    """For each step the first marked row of its session after it; -1: there is none."""
    rows = pd.Series(np.where(marks, np.arange(len(marks)), np.nan))
    following = rows.groupby(tally.codes).bfill().groupby(tally.codes).shift(-1)
    return following.fillna(-1).to_numpy(np.int64)


def _corrections(
    steps: pd.DataFrame, tally: Tally, outcome: np.ndarray, edits: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Times that checks began to fail, and those that the agent made good by itself."""
    size = len(tally.sessions)
    streaks, corrected = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    prompts = steps["kind"].isin(["prompt", "interrupt"]).to_numpy(bool)
    marks = (outcome == FAILED) | (outcome == PASSED) | edits | prompts
    state: tuple[int, bool, bool] = (-1, False, False)  # session, failing, edited since
    for row in np.flatnonzero(marks & (tally.codes >= 0)).tolist():
        session = int(tally.codes[row])
        _, failing, edited = state if state[0] == session else (session, False, False)
        if prompts[row]:
            failing = edited = False
        elif outcome[row] == FAILED:
            streaks[session] += not failing
            failing, edited = True, edited and failing
        elif outcome[row] == PASSED:
            corrected[session] += failing and edited
            failing = edited = False
        elif failing:
            edited = True
        state = (session, failing, edited)
    return streaks, corrected


def _lines(steps: pd.DataFrame, tally: Tally) -> tuple[np.ndarray, np.ndarray]:
    """Lines each session wrote and those it took away again; NaN where no edit's text is known."""
    size = len(tally.sessions)
    written, again = np.full(size, np.nan), np.full(size, np.nan)
    known = code_edits_of(steps) & steps["new_text"].notna().to_numpy(bool) & steps["file_path"].notna().to_numpy(bool)
    rows = np.flatnonzero(known & (tally.codes >= 0))
    names = ["file_path", "old_text", "new_text", "read_range", "type"]
    files: dict[tuple[int, str], _File] = {}
    for session, (path, old, new, span, kind) in zip(
        tally.codes[rows].tolist(), steps[names].iloc[rows].itertuples(index=False), strict=True
    ):
        file = files.setdefault((session, path), _File())
        lines = new.removesuffix("\n").split("\n") if new else []
        gone = file.edit(old, lines, span, whole=kind == "file_create")
        written[session] = np.nan_to_num(written[session]) + len(lines)
        again[session] = np.nan_to_num(again[session]) + gone
    return written, again


class _File:
    """What a session wrote into one file and still stands there."""

    def __init__(self) -> None:
        self.lines: Counter[str] = Counter()  # by text, of edits that say what they replace
        self.spans: list[tuple[int, int]] = []  # by number, of edits that say where

    def edit(self, old: object, new: list[str], span: object, *, whole: bool) -> int:
        """Take in an edit; return how many lines of the session it took away."""
        if isinstance(span, str) and ":" in span:
            first, last = (int(part) for part in span.split(":", 1))
            return self._place(first, last, len(new))
        wrote = Counter(line for line in new if line.strip())
        if isinstance(old, str):
            gone = Counter(line for line in old.split("\n") if line.strip()) & self.lines
        else:
            gone = self.lines if whole else Counter[str]()
        lost = gone - wrote  # a line that stays is only the surroundings of the change
        self.lines = self.lines - lost + (wrote - (gone & wrote))
        return lost.total()

    def _place(self, first: int, last: int, count: int) -> int:
        """Replace the lines first to last by so many."""
        gone, kept, shift = 0, [], count - (last - first + 1)
        for start, end in self.spans:
            gone += max(0, min(end, last) - max(start, first) + 1)
            if start < first:
                kept.append((start, min(end, first - 1)))
            if end > last:
                kept.append((max(start, last + 1) + shift, end + shift))
        self.spans = [*kept, (first, first + count - 1)]
        return gone
