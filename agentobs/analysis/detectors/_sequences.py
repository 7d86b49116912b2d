"""Sequences of steps: threads of sessions as slices, runs of equal values, times something repeats back to back."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from agentobs.analysis.derive.edits import CHANGES
from agentobs.analysis.once import once_per_frame


@once_per_frame
def threads(steps: pd.DataFrame) -> list[np.ndarray]:
    """Return the rows of each thread of each session, in order: a subagent's steps apart from the main thread's."""
    return _groups(codes(steps["session_id"], steps["thread_id"].fillna("")))


@once_per_frame
def sessions_of(steps: pd.DataFrame) -> list[np.ndarray]:
    """Return the rows of each session, in order."""
    return _groups(codes(steps["session_id"]))


def _groups(numbers: np.ndarray) -> list[np.ndarray]:
    """The places of each number, in the order in which the numbers come."""
    if not len(numbers):
        return []
    order = np.argsort(numbers, kind="stable")
    order.setflags(write=False)
    edges = [0, *(np.flatnonzero(np.diff(numbers[order])) + 1).tolist(), len(order)]
    return [order[start:end] for start, end in pairwise(edges)]


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
    wanted = (ends - starts >= at_least) & (values[starts] >= 0)
    yield from zip(starts[wanted].tolist(), ends[wanted].tolist(), strict=True)


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


def of_kinds(steps: pd.DataFrame, *kinds: str) -> pd.DataFrame:
    """Return the rows of these kinds, with their index in the steps; not to be changed.

    All columns but `output`, the longest by far, of which few need more than some rows: take those from the steps.
    """
    return _of_kinds(steps, tuple(sorted(kinds)))


@once_per_frame
def _of_kinds(steps: pd.DataFrame, kinds: tuple[str, ...]) -> pd.DataFrame:
    wanted = steps["kind"].isin(kinds).to_numpy(bool)
    return filtered(steps, wanted, [name for name in steps.columns if name != "output"])


def filtered(steps: pd.DataFrame, wanted: np.ndarray, columns: Iterable[str]) -> pd.DataFrame:
    """Return some columns of the rows that a mask leaves; long texts in a fifth of the time that `loc` needs."""
    index = steps.index[wanted]
    return pd.DataFrame({name: pd.Series(steps[name].array[wanted], index=index) for name in columns}, copy=False)


def calls_of(steps: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of calls, with their index in the steps; not to be changed."""
    return of_kinds(steps, "call")


@once_per_frame
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
