"""Sequences of steps: threads of sessions as slices, runs of equal values, times something repeats back to back."""

from collections.abc import Iterator

import numpy as np
import pandas as pd


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
