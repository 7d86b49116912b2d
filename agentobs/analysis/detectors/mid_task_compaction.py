"""Compacted amid the work: a todo was open, or an edit not yet confirmed, when the context was summarised."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._checks import NONE, PASSED, UNKNOWN, checks_of, code_edits_of
from agentobs.analysis.detectors._sequences import base_name, threads

_SPOKEN = ("answer", "call", "thought", "prompt", "interrupt")


def find(steps: pd.DataFrame) -> pd.DataFrame:
    """Compactions while a todo was open or an edit of code not validated.

    An edit is validated once a check after it passed (a test, a build, a run, a linter); a check whose outcome is
    unknown may have. Documents need none, nor does what was done before the session had ended and went on.

    Parameters
    ----------
    steps : frame of STEPS

    Returns
    -------
    HITS, one for each compaction: the list of todos, the last edit, the compaction. Severity: medium for open todos,
    low for an unconfirmed edit alone. Confidence: 0.95 for todos, 0.8 for an edit, 0.6 where the agent had given its
    answer after it: its task may have been over. Nothing was certainly in vain.
    """
    return hits(_found(steps))


def _found(steps: pd.DataFrame) -> Iterator[Hit]:
    compactions = (steps["kind"] == "compaction").to_numpy(bool)
    if not compactions.any():
        return
    steps = steps[steps["session_id"].isin(steps["session_id"][compactions].unique())]
    compactions = (steps["kind"] == "compaction").to_numpy(bool)
    edited, outcome = code_edits_of(steps), checks_of(steps)
    todos = steps["open_todos"].to_numpy("float64", na_value=np.nan)
    rows = steps.index.to_numpy()
    kinds, paths = steps["kind"].to_numpy(dtype=object), steps["file_path"].tolist()
    for thread in threads(steps):
        for row in thread[compactions[thread]].tolist():
            before = thread[thread < row]
            listed, changed = before[~np.isnan(todos[before])], before[edited[before]]
            open_todos = int(todos[listed[-1]]) if len(listed) else 0
            since = before[before > changed[-1]] if len(changed) else before
            ended = (kinds[since] == "end").any()
            edit = int(changed[-1]) if len(changed) and not ended and _unconfirmed(outcome[since]) else None
            if open_todos <= 0 and edit is None:
                continue
            said = [f"{open_todos} todos were open"] if open_todos > 0 else []
            if edit is not None:
                path = paths[edit]
                said.append(f"an edit of {base_name(path) if isinstance(path, str) else 'a file'} was not validated")
            evidence = [*([int(listed[-1])] if open_todos > 0 else []), *([] if edit is None else [edit]), row]
            spoken = before[np.isin(kinds[before], _SPOKEN)]
            answered = len(spoken) > 0 and kinds[spoken[-1]] == "answer"
            yield Hit(
                rows[sorted(evidence)],
                [],
                "medium" if open_todos > 0 else "low",
                0.95 if open_todos > 0 else 0.6 if answered else 0.8,
                f"the context was compacted while {' and '.join(said)}",
            )


def _unconfirmed(outcomes: np.ndarray) -> bool:
    came = outcomes[outcomes != NONE]
    return not np.isin(came, (PASSED, UNKNOWN)).any()


DETECTOR = Detector(
    name="mid_task_compaction",
    version=1,
    title="Compacted amid the work",
    definition="A compaction while a todo is open or an edit of code is not validated.",
    source="agentobs",
    find=find,
)
