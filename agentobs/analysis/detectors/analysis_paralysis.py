"""Thinking without doing: answer after answer, and nothing done in the environment.

To keep the list of things to do up to date acts on nothing: thoughts that come with it go on reasoning.
On labelled sessions (`agentobs detectors bench`): precision 1, recall 1, measured after version 2 had been made with
those sessions known.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._sequences import codes, threads

_THINKS = ("think", "sequentialthinking", "mcp__sequential-thinking__sequentialthinking")
_NOTES = ("TodoWrite", "todowrite", "update_plan", "update_topic", "report_intent", "TaskCreate", "TaskUpdate",
          "TaskList", "EnterPlanMode")  # fmt: skip
_ENDS = ("prompt", "interrupt", "compaction", "end")


def find(
    steps: pd.DataFrame,
    *,
    at_least: int = 5,
    shortest: int = 20,
    thinks: tuple[str, ...] = _THINKS,
    notes: tuple[str, ...] = _NOTES,
) -> pd.DataFrame:
    """Model calls in a row that only reason (2502.08235).

    Parameters
    ----------
    steps : frame of STEPS
    at_least : model calls that count; a response of several messages is one call. Where the response is unknown each
        answer is one and thoughts are none
    shortest : an answer of fewer characters reasons about nothing ("OK")
    thinks : tools that only hold a thought; a call of one is reasoning
    notes : tools that write the agent's own list of things to do; a call of one is neither, a response that also
        thinks or says something reasons

    Returns
    -------
    HITS. An action on the environment (any other call), a prompt or an interrupt of the human and a compaction end a
    row. Severity: high from twice as many on, else medium. Confidence 0.95, 0.6 where responses are unknown. Nothing
    was certainly in vain: what comes of a thought nobody can say.
    """
    return hits(_found(steps, at_least, shortest, thinks, notes))


def _found(
    steps: pd.DataFrame, at_least: int, shortest: int, think_tools: tuple[str, ...], notes: tuple[str, ...]
) -> Iterator[Hit]:
    kind = steps["kind"]
    calls, tools = (kind == "call").to_numpy(bool), steps["tool_name"]
    thinking = calls & tools.isin(think_tools).to_numpy(bool)
    noting = calls & tools.isin(notes).to_numpy(bool)
    ends = (calls & ~thinking & ~noting) | kind.isin(_ENDS).to_numpy(bool)
    responses = codes(steps["session_id"], steps["response"])
    known = responses >= 0
    acting = np.isin(responses, np.unique(responses[calls & ~thinking & ~noting & known]))
    short = (steps["text"].str.len() < shortest).fillna(value=False).to_numpy(bool)
    reasons = (kind == "answer").to_numpy(bool) & ~short | thinking
    thinks = np.where(known, ~acting & (reasons | (kind == "thought").to_numpy(bool)), reasons)
    rows = steps.index.to_numpy()
    tokens = steps["text"].str.len().fillna(0).to_numpy("int64") // 4
    for thread in threads(steps):
        if thinks[thread].sum() < at_least:
            continue
        for stretch in np.split(thread, np.flatnonzero(ends[thread])):
            own = stretch[thinks[stretch]]
            told = own[known[own]]
            count = len(np.unique(responses[told])) + len(own) - len(told)
            if count >= at_least:
                yield Hit(
                    rows[own],
                    [],
                    "high" if count >= 2 * at_least else "medium",
                    0.95 if len(told) == len(own) else 0.6,
                    f"{count} model calls in a row reasoned without any action, about {int(tokens[own].sum()):,}"
                    f" tokens "
                    "of text",
                )


DETECTOR = Detector(
    name="analysis_paralysis",
    version=2,
    title="Thinking without doing",
    definition="At least 5 model calls in a row that reason without any action on the environment.",
    source="arXiv 2502.08235",
    find=find,
)
