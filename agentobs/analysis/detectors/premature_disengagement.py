"""Stopped too early: the agent left its last edit unchecked while there are signs that the objective is open.

Without such a sign it is only an unverified_finish. A session that the human stopped or spoke last in is not this.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._checks import FAILED, NONE, checks_of
from agentobs.analysis.detectors._claims import admits_failure, admits_unchecked, claims_in
from agentobs.analysis.detectors._endings import Ending, endings
from agentobs.analysis.detectors._sequences import base_name

_ANNOUNCES = re.compile(
    r"\b(?:let me|let's|I'll|I will|I am going to|I'm going to|next,? (?:I|we)|now I(?:'ll| will)?|we (?:need"
    r"|still need|should) (?:to )?)\b"
    r"(?! (?:know|be (?:happy|glad)|explain|summar))",
    re.IGNORECASE,
)
_ASKS_FOR_CHECK = re.compile(
    r"\b(?:make|get|until|so that|ensure|fix)\b[^.\n]{0,60}\b(?:tests?|build|ci|suite"
    r"|pipeline)\b[^.\n]{0,30}\b(?:pass\w*|green|work\w*|succeed\w*)"
    r"|\bfix\b[^.\n]{0,30}\b(?:failing|failed|broken|red)\b[^.\n]{0,20}\b(?:tests?|build|ci|suite)\b"
    r"|\brun (?:all |the )*(?:\w+ )?(?:tests?|suite|build)\b",
    re.IGNORECASE,
)


Sign = tuple[int, float, str]  # row of the steps, confidence, what it says


class _Data(NamedTuple):
    """Columns of the steps."""

    kinds: np.ndarray
    text: pd.Series
    todos: np.ndarray
    outcome: np.ndarray


def find(steps: pd.DataFrame, *, longest_prompt: int = 2_000) -> pd.DataFrame:
    """Sessions that stop without validating their last edit, the objective open (2502.08235).

    Not validated: no check after the last edit of code (a test, a build, a run, a linter), whatever would have come of
    it. Open, by the first of: todos that are not done; the last check before the edit failed; the last message
    announces more work or admits that something fails; the prompt asks for tests or a build to pass; the session ends
    amid its work, without a closing message.

    Parameters
    ----------
    steps : frame of STEPS
    longest_prompt : a longer prompt, in characters, is mostly instructions and is not read for what it asks

    Returns
    -------
    HITS, at most one a session: the sign, the last edit, the last step. Confidence follows the sign. Nothing was
    certainly in vain. Unknown todos, outcomes or texts are no sign.
    """
    return hits(_found(steps, longest_prompt))


def _found(steps: pd.DataFrame, longest: int) -> Iterator[Hit]:
    outcome, paths, rows = checks_of(steps), steps["file_path"].array, steps.index.to_numpy()
    todos = steps["open_todos"].to_numpy("float64", na_value=np.nan)
    data = _Data(steps["kind"].to_numpy(dtype=object), steps["text"], todos, outcome)
    for end in endings(steps, outcome):
        if end.how == "human" or len(end.checks):
            continue
        sign = _todos(data, end) or _failed_check(data, end) or _words(data, end)
        sign = sign or _asked(data, end, longest) or _amid(data, end)
        if sign is None:
            continue
        row, confidence, said = sign
        path = paths[end.edit]
        file = base_name(path) if isinstance(path, str) else "a file"
        yield Hit(
            rows[[row, end.edit, end.last]],
            [],
            "high" if confidence >= 0.85 else "medium",
            confidence,
            f"the session stops after an edit of {file} that nothing checked; {said}",
        )


def _todos(data: _Data, end: Ending) -> Sign | None:
    listed = end.rows[~np.isnan(data.todos[end.rows])]
    if not len(listed) or data.todos[listed[-1]] <= 0:
        return None
    return int(listed[-1]), 0.9, f"{int(data.todos[listed[-1]])} todos are open"


def _failed_check(data: _Data, end: Ending) -> Sign | None:
    before = end.rows[end.rows < end.edit]
    known = before[data.outcome[before] != NONE]
    if not len(known) or data.outcome[known[-1]] != FAILED:
        return None
    return int(known[-1]), 0.85, "the last check before it failed"


def _words(data: _Data, end: Ending) -> Sign | None:
    """What the last message says of itself, if no prompt came between it and the last edit."""
    row = end.answer
    if row is None or row < end.edit or (data.kinds[end.edit : row] == "prompt").any():
        return None
    text = data.text.iloc[row]
    if not isinstance(text, str):
        return None
    closing = text[-600:]
    if admits_failure(closing) or admits_unchecked(closing):
        return row, 0.75, "its last message says that something fails or was not checked"
    if _ANNOUNCES.search(closing.rsplit("\n", 1)[-1][-300:]) and not claims_in(closing):
        return row, 0.7, "its last message announces more"
    return None


def _asked(data: _Data, end: Ending, longest: int) -> Sign | None:
    """Whether the last prompt before the edit asks for a check."""
    prompts = end.rows[data.kinds[end.rows] == "prompt"]
    for row in prompts[prompts < end.edit][-1:]:
        asked = data.text.iloc[row]
        if isinstance(asked, str) and len(asked) <= longest and _ASKS_FOR_CHECK.search(asked):
            return int(row), 0.7, "the prompt asks for a check that never ran"
    return None


def _amid(data: _Data, end: Ending) -> Sign | None:
    listed = end.rows[~np.isnan(data.todos[end.rows])]
    done = len(listed) > 0 and data.todos[listed[-1]] == 0
    return (end.last, 0.5, "there is no closing message") if end.how == "stopped" and not done else None


DETECTOR = Detector(
    name="premature_disengagement",
    version=1,
    title="Stopped too early",
    definition="The session stops without a check of its own last edit while there are signs that the objective"
    " is open.",
    source="arXiv 2502.08235",
    find=find,
)
