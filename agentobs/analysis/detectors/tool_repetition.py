"""The same call again and again: the same tool with the same arguments, several times in a row."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._sequences import calls_of, runs, threads

_POLLING = (
    *("BashOutput", "TaskOutput", "AgentOutputTool", "write_stdin", "wait", "sleep", "read_thread_terminal"),
    *("scroll_down", "scroll_up", "next_page"),
)


def find(steps: pd.DataFrame, *, at_least: int = 3, polling: tuple[str, ...] = _POLLING) -> pd.DataFrame:
    """Runs of identical calls.

    Parameters
    ----------
    steps : frame of STEPS
    at_least : shortest run that counts, in calls
    polling : tools that are meant to be asked again, such as those that read a running command's output,
        or that move on from where the last one was

    Returns
    -------
    HITS. Evidence is the run; all calls but the first were in vain where the results are identical too, else nobody
    can say. Severity: high for identical results, medium for different or unknown ones.
    """
    return hits(_found(steps, at_least, polling))


def _found(steps: pd.DataFrame, at_least: int, polling: tuple[str, ...]) -> Iterator[Hit]:
    calls = calls_of(steps)
    asked = calls["argument_key"].notna().to_numpy(bool) & ~calls["tool_name"].isin(polling).to_numpy(bool)
    keys = calls["argument_key"].to_numpy("int64", na_value=-1)
    rows, outputs = calls.index.to_numpy(), calls["output_key"].to_numpy("float64", na_value=np.nan)
    tools = calls["tool_name"].tolist()
    for whole in threads(calls):
        thread = whole[asked[whole]]
        for start, end in runs(keys[thread], at_least):
            run = thread[start:end]
            same = bool((outputs[run] == outputs[run[0]]).all())  # unknown is equal to nothing
            count, tool = len(run), tools[run[0]]
            said = "with the same result each time" if same else "with different or unknown results"
            yield Hit(
                rows[run],
                rows[run[1:]] if same else [],
                "high" if same else "medium",
                0.95 if same else 0.8,
                f"{tool} was called {count} times in a row with the same arguments, {said}",
            )


DETECTOR = Detector(
    name="tool_repetition",
    version=1,
    title="The same call again and again",
    definition="The same tool with the same normalised arguments at least 3 times in a row.",
    source="MAST, arXiv 2503.13657; arXiv 2506.18824",
    find=find,
)
