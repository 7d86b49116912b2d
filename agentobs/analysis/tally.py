"""Tallies: counts, sums, shares, first and last rows of marked steps, session by session."""

from typing import Any

import numpy as np
import pandas as pd

from agentobs.frames import require


class Tally:
    """Counts over steps, for these sessions in their order; steps of others do not count."""

    def __init__(self, steps: pd.DataFrame, session_ids: Any) -> None:
        """Take steps in the order of each session."""
        require(steps, ["session_id"], "steps")
        self.steps = steps
        self.sessions = pd.Index(session_ids, dtype="object")
        self.codes = self.sessions.get_indexer(pd.Index(steps["session_id"].astype("object")))
        self._mine = self.codes >= 0

    def count(self, marks: np.ndarray) -> np.ndarray:
        """How many marked steps each session has."""
        return np.bincount(self.codes[marks & self._mine], minlength=len(self.sessions))

    def total(self, values: np.ndarray, among: np.ndarray | None = None) -> np.ndarray:
        """The sum of the known values of each session; NaN where none is known."""
        numbers = np.asarray(values, dtype="float64")
        known = self._mine & ~np.isnan(numbers) & (True if among is None else among)
        sums = np.bincount(self.codes[known], weights=numbers[known], minlength=len(self.sessions))
        return np.where(self.count(known) > 0, sums, np.nan)

    def share(self, marks: np.ndarray, among: np.ndarray) -> np.ndarray:
        """The share of marked steps among others; NaN where a session has none of those."""
        return ratio(self.count(marks & among), self.count(among))

    def first(self, marks: np.ndarray) -> np.ndarray:
        """The first marked row of each session, as a position in the steps; -1: there is none."""
        rows = np.flatnonzero(marks & self._mine)[::-1]
        found = np.full(len(self.sessions), -1, dtype=np.int64)
        found[self.codes[rows]] = rows
        return found

    def last(self, marks: np.ndarray) -> np.ndarray:
        """The last marked row of each session, as a position in the steps; -1: there is none."""
        rows = np.flatnonzero(marks & self._mine)
        found = np.full(len(self.sessions), -1, dtype=np.int64)
        found[self.codes[rows]] = rows
        return found

    def of_step(self, per_session: np.ndarray) -> np.ndarray:
        """What holds for a session, for each of its steps; steps of other sessions get the last session's."""
        return per_session[self.codes] if len(per_session) else np.zeros(len(self.codes), dtype=per_session.dtype)


def ratio(part: Any, whole: Any) -> np.ndarray:
    """Part / whole; NaN where the whole is 0 or either is unknown."""
    above, below = np.asarray(part, dtype="float64"), np.asarray(whole, dtype="float64")
    return np.divide(above, below, out=np.full(np.broadcast(above, below).shape, np.nan), where=below > 0)


def numbers(column: pd.Series) -> np.ndarray:
    """A column of numbers or flags as float64; unknown is NaN."""
    return column.to_numpy("float64", na_value=np.nan)


def whether(values: Any, known: Any) -> pd.Series:
    """A boolean column that is <NA> where not known."""
    return pd.Series(np.asarray(values, dtype=bool), dtype="boolean").mask(~np.asarray(known, dtype=bool))


def column(values: Any, kind: Any = "Float64") -> pd.Series:
    """A nullable column; NaN becomes <NA>."""
    return pd.Series(pd.array(np.asarray(values, dtype="float64"), dtype="Float64")).astype(kind)
