"""Edit, test, fail, and again: a loop in which the failing tests do not become fewer."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._sequences import codes, edits_of, of_kinds, threads

_NO_RUNNER = re.compile(
    r"\s*(?:(?:\S*/)?python[\d.]*: (?:can't open file|No module named)|(?:/bin/)?(?:ba|z|da)?sh: (?:line )?[^\n]{0,200}"
    r"(?:not found|No such file or directory)\s*\Z)"
)


class _Cycle(NamedTuple):
    """Edits and the failed test run after them."""

    rows: list[int]
    failing: frozenset[str] | None
    failed: int | None
    error: int  # the fingerprint of what it said; -1 where nobody knows


def find(steps: pd.DataFrame, *, at_least: int = 3) -> pd.DataFrame:
    """Cycles of edits followed by a failed test run, in a row, while the failing set does not shrink.

    A set shrinks when it is a proper part of the one before, or, where names are unknown, when fewer failed; where
    neither is known it counts as not shrunk, with less confidence. A passed run, a shrunken set and a new prompt of
    the human end a loop; test runs whose outcome is unknown, and those that never began (the shell does not find the
    runner or its file), are looked past.

    Parameters
    ----------
    steps : frame of STEPS
    at_least : cycles that count

    Returns
    -------
    HITS. The explanation says whether the tests passed later in the thread and how long the loop took. Severity: high
    where it was never resolved, else medium. What was in vain: the cycles after the first that failed just as the one
    before did, with the same tests or, where names are unknown, the same error.
    """
    return hits(_found(steps, at_least))


def _found(steps: pd.DataFrame, at_least: int) -> Iterator[Hit]:
    chosen = of_kinds(steps, "call", "prompt")
    edited, rows = edits_of(chosen), chosen.index.to_numpy()
    passed = chosen["passed"].fillna(value=False).to_numpy(bool)
    is_test = ((chosen["type"] == "test_run") & chosen["passed"].notna()).to_numpy(bool)
    is_test = is_test & (passed | ~_never_began(steps, chosen, is_test))
    errors = codes(chosen["error_key"])
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
                count = None if pd.isna(counts[one]) or not counts[one] else int(counts[one])  # 0: it broke before
                cycle = _Cycle([*pending, one], names, count, int(errors[one]))
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


def _never_began(steps: pd.DataFrame, chosen: pd.DataFrame, is_test: np.ndarray) -> np.ndarray:
    """Test runs of which the shell says that there is no such runner or file."""
    found = np.zeros(len(chosen), dtype=bool)
    places = np.flatnonzero(is_test)
    outputs = steps["output"].array[chosen.index[places].to_numpy()].tolist()
    found[places] = [isinstance(output, str) and _NO_RUNNER.match(output) is not None for output in outputs]
    return found


def _alike(before: _Cycle, after: _Cycle) -> bool:
    if before.failing is not None or after.failing is not None:
        return before.failing == after.failing
    return before.error == after.error >= 0


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
        rows[[row for before, after in pairwise(loop) if _alike(before, after) for row in after.rows]],
        "medium" if resolved else "high",
        0.9 if sure else 0.6,
        f"{len(loop)} cycles of edit, test, fail{took} without fewer failures; "
        + ("the tests passed later" if resolved else "never resolved in this session"),
    )


DETECTOR = Detector(
    name="edit_test_fail_loop",
    version=2,
    title="Edit, test, fail, again",
    definition="At least 3 cycles of edit, test, fail with a failing set that does not shrink.",
    source="arXiv 2511.00197",
    find=find,
)
