"""Back and forth: a file's content returns to an earlier state."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._sequences import base_name, calls_of, codes, edits_of, threads


def find(steps: pd.DataFrame, *, ignore_shorter: int = 3) -> pd.DataFrame:
    """Edits after which a file is again what it was before other edits of this thread.

    A file's state is what was written whole, and the sum of the edits since: one edit takes another back where it
    replaces the new text by the old. An edit that stays in between makes another state.

    Parameters
    ----------
    steps : frame of STEPS
    ignore_shorter : an edit whose old and new text are both shorter than this says too little, in characters

    Returns
    -------
    HITS: all edits of the file since it was like this; all were in vain. Failed edits are left out; one whose texts are
    unknown, such as an edit by line numbers, makes the states before it unknown.
    """
    return hits(_found(steps, ignore_shorter))


def _found(steps: pd.DataFrame, ignore_shorter: int) -> Iterator[Hit]:
    calls = calls_of(steps)
    edited, files = edits_of(calls), codes(calls["file_path"])
    rows, names = calls.index.to_numpy(), calls["file_path"].tolist()
    by_lines = calls["old_key"].isna().to_numpy(bool) & calls["read_range"].notna().to_numpy(bool)
    known = calls["new_key"].notna().to_numpy(bool) & ~by_lines
    old, new = (
        calls[name].astype("object").where(calls[name].notna(), None).tolist() for name in ("old_key", "new_key")
    )
    sizes = np.maximum(*(calls[name].str.len().fillna(0).to_numpy("int64") for name in ("old_text", "new_text")))
    for thread in threads(calls):
        histories: dict[int, list[tuple[_State, int]]] = {}
        for one in thread[edited[thread] & (files[thread] >= 0)].tolist():
            history = histories.setdefault(int(files[one]), [((None, 0), -1)])
            if not known[one] or (old[one] is not None and sizes[one] < ignore_shorter):
                history[:] = [((one, 0), one)]  # from here on nobody knows what it was before
                continue
            state = _after(history[-1][0], old[one], new[one])
            if state == history[-1][0]:
                continue  # it changes nothing
            since = _since(history, state)
            history.append((state, one))
            if since:
                made = np.array([*since, one])
                history[:] = [*history[: len(history) - len(made)], (state, one)]
                said = f"{base_name(names[one])} is again what it was {len(made)} edits before"
                yield Hit(rows[made], rows[made], "medium", 0.95, said)


_State = tuple[int | None, int]
"""What a file is known by: the hash of what was written whole (None: as it was found), and the sum of edits since."""


def _after(state: _State, old: int | None, new: int) -> _State:
    return (new, 0) if old is None else (state[0], state[1] + new - old)


def _since(history: list[tuple[_State, int]], state: _State) -> list[int]:
    """The edits after the latest time that the file was in this state, if it was in another one between."""
    for place in range(len(history) - 2, -1, -1):
        if history[place][0] == state:
            return [one for _, one in history[place + 1 :]]
    return []


DETECTOR = Detector(
    name="edit_oscillation",
    version=1,
    title="Back and forth",
    definition="A file's content returns to an earlier state (A -> B -> A) within a session.",
    source="agentobs",
    find=find,
)
