"""Read again after a compaction: what the agent had read is gone, and it looks at the same files at once.

It costs what the compaction had saved. Whether it was needless nobody can say: a file may have to be read to be edited.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._reading import same_file
from agentobs.analysis.detectors._sequences import base_name, flags, threads

CHARACTERS_PER_TOKEN = 4


def find(steps: pd.DataFrame, *, within: int = 10, at_least: int = 1) -> pd.DataFrame:
    """Files read before a compaction and again soon after it.

    Parameters
    ----------
    steps : frame of STEPS
    within : calls of the thread after the compaction that are looked at
    at_least : files read again that count

    Returns
    -------
    HITS, one for each compaction: the last read of each file before it, the compaction, the first after it. The
    explanation says the tokens read again, at 4 characters a token. Severity: medium from 3 files or 10,000 tokens on,
    else low. Reads that failed are none; one whose outcome is unknown is one. Nothing was certainly in vain.
    """
    return hits(_found(steps, within, at_least))


def _found(steps: pd.DataFrame, within: int, at_least: int) -> Iterator[Hit]:
    compactions = (steps["kind"] == "compaction").to_numpy(bool)
    if not compactions.any():
        return
    calls = (steps["kind"] == "call").to_numpy(bool)
    printed = (steps["command"].notna() & steps["read_range"].notna()).to_numpy(bool)  # a command that prints a file
    read = calls & ((steps["type"] == "file_read").to_numpy(bool) | printed) & ~flags(steps["failed"])
    read &= steps["file_path"].notna().to_numpy(bool)
    rows = steps.index.to_numpy()
    paths, sizes = steps["file_path"].tolist(), steps["output_chars"].fillna(0).to_numpy("int64")
    for thread in threads(steps):
        for row in thread[compactions[thread]].tolist():
            before = thread[(thread < row) & read[thread]]
            after = thread[(thread > row) & calls[thread]][:within]
            pairs = _pairs(before, after[read[after]], paths)
            if len(pairs) >= max(1, at_least):
                firsts, again = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
                tokens = int(sizes[again].sum()) // CHARACTERS_PER_TOKEN
                names = sorted({base_name(paths[one]) for one in again.tolist()})
                yield Hit(
                    rows[np.unique([*firsts, row, *again])],
                    [],
                    "medium" if len(pairs) >= 3 or tokens >= 10_000 else "low",
                    0.95,
                    f"{len(pairs)} files were read again within {within} calls after a compaction, about {tokens:,} "
                    f"tokens: {', '.join(names)[:150]}",
                )


def _pairs(before: np.ndarray, after: np.ndarray, paths: list[str]) -> list[tuple[int, int]]:
    """The last read before and the first read after of each file that was read on both sides."""
    last: dict[str, list[int]] = {}
    for row in before.tolist():
        last.setdefault(base_name(paths[row]), []).append(row)
    found: dict[int, int] = {}
    for row in after.tolist():
        same = [one for one in last.get(base_name(paths[row]), ()) if same_file(paths[one], paths[row])]
        if same:
            found.setdefault(same[-1], row)
    return list(found.items())


DETECTOR = Detector(
    name="postcompact_reread",
    version=1,
    title="Read again after a compaction",
    definition="Files read before a compaction are read again within 10 calls after it.",
    source="agentobs",
    find=find,
)
