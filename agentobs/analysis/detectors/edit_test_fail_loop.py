"""Edit, test, fail, and again: a loop in which the failing tests do not become fewer."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._sequences import edits_of, of_kinds, threads


class _Cycle(NamedTuple):
    """Edits and the failed test run after them."""

    rows: list[int]
    failing: frozenset[str] | None
    failed: int | None


def find(steps: pd.DataFrame, *, at_least: int = 3) -> pd.DataFrame:
    """Cycles of edits followed by a failed test run, in a row, while the failing set does not shrink.

    A set shrinks when it is a proper part of the one before, or, where names are unknown, when fewer failed; where
    neither is known it counts as not shrunk, with less confidence. A passed run, a shrunken set and a new prompt of
    the human end a loop; test runs whose outcome is unknown are looked past.

    Parameters
    ----------
    steps : frame of STEPS
    at_least : cycles that count

    Returns
    -------
    HITS. The explanation says whether the tests passed later in the thread and how long the loop took; what was in
    vain: the edits and runs of all cycles but the last, high where it was never resolved, else medium.
    """
    return hits(_found(steps, at_least))


def _found(steps: pd.DataFrame, at_least: int) -> Iterator[Hit]:
    chosen = of_kinds(steps, "call", "prompt")
    edited, rows = edits_of(chosen), chosen.index.to_numpy()
    is_test = ((chosen["type"] == "test_run") & chosen["passed"].notna()).to_numpy(bool)
    passed = chosen["passed"].fillna(value=False).to_numpy(bool)
    is_prompt = (chosen["kind"] == "prompt").to_numpy(bool)
    failing, counts = chosen["failing"].tolist(), chosen["failed_tests"].astype("object").tolist()
    times = chosen["started_at"].astype("int64").to_numpy() / 1e6
    known_time = chosen["timed"].fillna(value=False).to_numpy(bool)
    for thread in threads(chosen):
        if (is_test[thread] & ~passed[thread]).sum() < at_least:
            continue
        loop: list[_Cycle] = []
        pending: list[int] = []
        for one in [*thread.tolist(), -1]:
            cycle = None
            if one >= 0 and edited[one]:
                pending.append(one)
                continue
            if one >= 0 and is_test[one] and not passed[one]:
                if not pending:
                    continue  # the same run again without an edit: another detector's
                names = frozenset(failing[one]) if isinstance(failing[one], list) and failing[one] else None
                count = None if pd.isna(counts[one]) else int(counts[one])
                cycle = _Cycle([*pending, one], names, count)
                pending = []
                if not loop or not _shrunk(loop[-1], cycle):
                    loop.append(cycle)
                    continue
            elif one >= 0 and not is_prompt[one] and not (is_test[one] and passed[one]):
                continue
            if len(loop) >= at_least:
                end = loop[-1].rows[-1]
                later = thread[thread > end]
                yield _hit(loop, rows, bool((is_test[later] & passed[later]).any()), _span(loop, times, known_time))
            loop, pending = ([cycle] if cycle else []), []


def _shrunk(before: _Cycle, after: _Cycle) -> bool:
    if before.failing is not None and after.failing is not None:
        return after.failing < before.failing
    return before.failed is not None and after.failed is not None and after.failed < before.failed


def _span(loop: Sequence[_Cycle], times: np.ndarray, known: np.ndarray) -> float | None:
    first, last = loop[0].rows[0], loop[-1].rows[-1]
    return float(times[last] - times[first]) if known[first] and known[last] else None


def _hit(loop: Sequence[_Cycle], rows: np.ndarray, resolved: bool, seconds: float | None) -> Hit:
    sure = all(cycle.failing is not None or cycle.failed is not None for cycle in loop)
    took = "" if seconds is None else f" in {seconds / 60:.0f} min"
    return Hit(
        rows[[row for cycle in loop for row in cycle.rows]],
        rows[[row for cycle in loop[:-1] for row in cycle.rows]],
        "medium" if resolved else "high",
        0.9 if sure else 0.6,
        f"{len(loop)} cycles of edit, test, fail{took} without fewer failures; "
        + ("the tests passed later" if resolved else "never resolved in this session"),
    )


DETECTOR = Detector(
    name="edit_test_fail_loop",
    version=1,
    title="Edit, test, fail, again",
    definition="At least 3 cycles of edit, test, fail with a failing set that does not shrink.",
    source="arXiv 2511.00197",
    find=find,
)
