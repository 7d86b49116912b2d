"""Sequences of steps: threads of sessions as slices, runs of equal values, times something repeats back to back."""

import weakref
from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.derive.edits import CHANGES


def threads(steps: pd.DataFrame) -> Iterator[np.ndarray]:
    """Yield the rows of each thread of each session, in order: a subagent's steps apart from the main thread's."""
    if steps.empty:
        return
    keys = pd.MultiIndex.from_arrays([steps["session_id"], steps["thread_id"].fillna("")])
    codes, _ = pd.factorize(keys)
    order = np.argsort(codes, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)


def codes(*columns: pd.Series) -> np.ndarray:
    """Return one int64 per row that is equal where all columns are; -1 where any is missing."""
    missing = np.zeros(len(columns[0]), dtype=bool)
    whole = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        numbers, uniques = pd.factorize(column)
        missing |= numbers < 0
        whole = pd.factorize(whole * (len(uniques) + 1) + numbers)[0].astype(np.int64)
    return np.where(missing, -1, whole)


def runs(values: np.ndarray, at_least: int) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each run of equal values >= 0 that is at least so long; end is exclusive."""
    if len(values) == 0:
        return
    edges = np.flatnonzero(np.diff(values)) + 1
    starts, ends = np.append(0, edges), np.append(edges, len(values))
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if end - start >= at_least and values[start] >= 0:
            yield start, end


def cycles(values: np.ndarray, length: int, at_least: int) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each stretch in which a block of this length repeats back to back at least so often."""
    if len(values) < length * at_least:
        return
    same = np.append(values[length:] == values[:-length], False)
    for start, end in runs(np.where(same, 1, -1).astype(np.int64), length * (at_least - 1)):
        yield start, end + length


def flags(column: pd.Series) -> np.ndarray:
    """Return a boolean column as an array in which unknown is False."""
    return column.fillna(value=False).to_numpy(dtype=bool)


_latest: dict[tuple[str, ...], tuple[weakref.ref[pd.DataFrame], pd.DataFrame]] = {}


def of_kinds(steps: pd.DataFrame, *kinds: str) -> pd.DataFrame:
    """Return the rows of these kinds, with their index in the steps; not to be changed.

    To copy the texts of a million steps takes seconds, and every detector asks for the same: the latest answers stay.
    """
    kept = _latest.get(kinds)
    if kept is None or kept[0]() is not steps:
        kept = _latest[kinds] = (weakref.ref(steps), steps[steps["kind"].isin(kinds)])
    return kept[1]


def calls_of(steps: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of calls, with their index in the steps; not to be changed."""
    return of_kinds(steps, "call")


def edits_of(calls: pd.DataFrame) -> np.ndarray:
    """Return which calls changed a file: writes, creations and deletions that are not known to have failed."""
    return calls["type"].isin(CHANGES).to_numpy(bool) & ~flags(calls["failed"])


def merged(spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield spans in order, those that overlap as one; end is exclusive."""
    start, end = -1, -1
    for first, last in spans:
        if first >= end >= 0:
            yield start, end
            start = first
        elif start < 0:
            start = first
        end = max(end, last)
    if end >= 0:
        yield start, end


def base_name(path: str) -> str:
    """Return the last part of a path, however its parts are divided."""
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]
