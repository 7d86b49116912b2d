"""Going round in circles: a short sequence of different calls, repeated back to back."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._sequences import calls_of, codes, cycles, threads


def find(steps: pd.DataFrame, *, shortest: int = 2, longest: int = 5, at_least: int = 3) -> pd.DataFrame:
    """Blocks of (tool, target) that repeat back to back.

    Parameters
    ----------
    steps : frame of STEPS
    shortest, longest : length of a block in calls; a block of one call only is tool_repetition
    at_least : repetitions that count

    Returns
    -------
    HITS, each stretch once, by its shortest block. Severity: high where also the arguments are the same each time,
    low where only tool and target are, such as edit, test, edit, test. What was in vain: the repetitions after the
    first, where arguments and results are the same; else nobody can say.
    """
    return hits(_found(steps, shortest, longest, at_least))


def _found(steps: pd.DataFrame, shortest: int, longest: int, at_least: int) -> Iterator[Hit]:
    calls = calls_of(steps)
    values = codes(calls["tool_name"], calls["target"])
    arguments, outputs = codes(calls["argument_key"]), codes(calls["output_key"])
    rows, tools = calls.index.to_numpy(), calls["tool_name"].tolist()
    for thread in threads(calls):
        taken = np.zeros(len(thread), dtype=bool)
        for length in range(shortest, longest + 1):
            for start, end in cycles(values[thread], length, at_least):
                place = thread[start:end]
                block = values[place[:length]]
                if taken[start:end].any() or len(set(block.tolist())) < 2 or (values[place] < 0).any():
                    continue
                taken[start:end] = True
                same = bool((arguments[place[length:]] == arguments[place[:-length]]).all())
                alike = same and bool((outputs[place[length:]] == outputs[place[:-length]]).all())
                alike = alike and bool((outputs[place] >= 0).all())
                names = ", ".join(map(str, [tools[one] for one in place[:length]]))
                yield Hit(
                    rows[place],
                    rows[place[length:]] if alike else [],
                    "high" if same else "low",
                    0.95 if same else 0.7,
                    f"{names} {len(place) // length} times back to back on the same targets"
                    + (", with the same arguments" if same else ", with different arguments"),
                )


DETECTOR = Detector(
    name="cycle_pingpong",
    version=1,
    title="Going round in circles",
    definition="A sequence of 2 to 5 calls of the same tools on the same targets at least 3 times back to back.",
    source="arXiv 2506.18824",
    find=find,
)
