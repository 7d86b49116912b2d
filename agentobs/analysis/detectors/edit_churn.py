"""The same file edited again and again within a few steps."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._sequences import base_name, calls_of, codes, edits_of, merged, threads


def find(steps: pd.DataFrame, *, at_least: int = 3, within: int = 10) -> pd.DataFrame:
    """Edits of one file that lie close together.

    Parameters
    ----------
    steps : frame of STEPS
    at_least : edits of one file that count; failed ones do not
    within : calls of the thread from the first of them to the last, both counted

    Returns
    -------
    HITS; stretches that overlap are one. Severity: medium where an edit takes out a line that an earlier one of them
    wrote (rework), info where none does or nobody can say: several places of one file changed one by one. An edit of
    which every line was taken out again was in vain.
    """
    return hits(_found(steps, at_least, within))


def _found(steps: pd.DataFrame, at_least: int, within: int) -> Iterator[Hit]:
    calls = calls_of(steps)
    edited, files = edits_of(calls), codes(calls["file_path"])
    rows, names = calls.index.to_numpy(), calls["file_path"].tolist()
    old, new = calls["old_text"].tolist(), calls["new_text"].tolist()
    for thread in threads(calls):
        places = np.flatnonzero(edited[thread] & (files[thread] >= 0))
        if len(places) < at_least:
            continue
        numbers = files[thread[places]]
        for number in np.unique(numbers).tolist():
            own = places[numbers == number]
            close = np.flatnonzero(own[at_least - 1 :] - own[: len(own) - at_least + 1] < within)
            for start, end in merged((one, one + at_least) for one in close.tolist()):
                chosen = thread[own[start:end]]
                again, vain = _reworked([old[one] for one in chosen], [new[one] for one in chosen])
                said = f"{len(again)} of them were edited again" if again else "none replaces what another wrote"
                yield Hit(
                    rows[chosen],
                    rows[chosen[vain]],
                    "medium" if again else "info",
                    0.95,
                    f"{base_name(names[chosen[0]])} was edited {len(chosen)} times within "
                    f"{own[end - 1] - own[start] + 1} calls; {said}",
                )


def _reworked(old: list[str], new: list[str]) -> tuple[list[int], list[int]]:
    """Which edits wrote a line (of some length) that a later one takes out; and of which nothing is left.

    A line that is in the old and in the new text is no change: editors want some lines around it, to find the place.
    """
    before, after = [_lines(text) for text in old], [_lines(text) for text in new]
    gone: set[str] = set()
    again: list[int] = []
    vain: list[int] = []
    for place in reversed(range(len(old))):
        written = after[place] - before[place]
        if written & gone:
            again.append(place)
            vain += [place] * (written <= gone)
        gone |= before[place] - after[place]
    return again[::-1], vain[::-1]


def _lines(text: object) -> set[str]:
    return {line.strip() for line in text.split("\n") if len(line.strip()) > 3} if isinstance(text, str) else set()


DETECTOR = Detector(
    name="edit_churn",
    version=2,
    title="The same file again and again",
    definition="At least 3 edits of one file within 10 calls.",
    source="agentobs",
    find=find,
)
