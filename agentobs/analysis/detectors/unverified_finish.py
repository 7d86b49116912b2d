"""Finished without a look: code was changed last, and no test, build or run succeeded after it.

What a session that only wrote documents ends with is none of its business, nor is one that the human stopped.
"""

from collections.abc import Iterator

import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._checks import is_configuration
from agentobs.analysis.detectors._endings import Ending, endings
from agentobs.analysis.detectors._sequences import base_name


def find(steps: pd.DataFrame) -> pd.DataFrame:
    """Sessions whose agent finished after an edit that nothing confirmed (2604.02547).

    Finished: the last step of the main thread is an answer or a call that hands in. A check is a test, a build, a run
    of a program, a linter or a look by a browser. One whose outcome is unknown leaves the session out: it may have
    passed.

    Parameters
    ----------
    steps : frame of STEPS

    Returns
    -------
    HITS, at most one a session: the last edit, failed checks after it, the last step. Severity: high where a check
    after the edit failed, low for configuration, else medium. Nothing was certainly in vain.
    """
    return hits(_found(steps))


def _found(steps: pd.DataFrame) -> Iterator[Hit]:
    rows = steps.index.to_numpy()
    paths, names = steps["file_path"].array, steps["tool_name"].array
    for end in endings(steps):
        if end.how != "finished" or end.passed or end.unknown:
            continue
        path = paths[end.edit]
        file = base_name(path) if isinstance(path, str) else f"a file ({names[end.edit]})"
        yield Hit(
            rows[[end.edit, *end.checks, end.last]],
            [],
            "high" if end.failed else "low" if isinstance(path, str) and is_configuration(path) else "medium",
            _confidence(end),
            f"the last edit, of {file}, was followed by {end.last - end.edit} steps and "
            + (f"{len(end.checks)} checks, none of which passed" if end.failed else "no test, build or run"),
        )


def _confidence(end: Ending) -> float:
    """A failed check is seen; that nothing ran may be because somebody else ran it."""
    return 0.95 if end.failed else 0.85


DETECTOR = Detector(
    name="unverified_finish",
    version=1,
    title="Finished without a look",
    definition="No successful test, build or run after the last edit of code, in a session that its agent finished.",
    source="arXiv 2604.02547",
    find=find,
)
