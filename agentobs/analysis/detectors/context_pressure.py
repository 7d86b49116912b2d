"""A full context: what was sent to the model came close to all that it can hold.

It needs the tokens of model calls. A model whose window is unknown gives no finding, nor does a subagent. What a file
itself says of the window is not seen: a smaller one by configuration is missed, of a larger one the confidence is low.
On labelled sessions (`agentobs detectors bench`): precision 1, recall 1, measured after version 2 had been made with
those sessions known.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._model_calls import SENT, StepsOf, tokens_of
from agentobs.analysis.detectors._windows import windows_of


def find(steps: pd.DataFrame, model_calls: pd.DataFrame, *, share: float = 0.9) -> pd.DataFrame:
    """Stretches of main-thread model calls that filled the context.

    Filled: input, cache reads and cache writes together, in tokens, over the window. Where a model may have several
    windows the smallest counts that holds everything this session sent to it.

    Parameters
    ----------
    steps : frame of STEPS
    model_calls : frame of MODEL_CALLS
    share : of the window, in [0, 1]: more than this counts

    Returns
    -------
    HITS: the steps of calls in a row above the share. Severity: high from 0.97 on, else medium. Confidence: 0.95; 0.7
    where the model may have a larger window. Unknown tokens are no call. Nothing was certainly in vain.
    """
    return hits(_found(steps, model_calls, share))


def _found(steps: pd.DataFrame, model_calls: pd.DataFrame, share: float) -> Iterator[Hit]:
    main = model_calls["thread_id"].isna() & ~model_calls["is_sidechain"].fillna(value=False).astype(bool)
    main &= model_calls["session_id"].isin(steps["session_id"].unique())
    calls = model_calls[main & model_calls["model"].notna()].sort_values(
        ["session_id", "started_at", "usage_key"], kind="stable", ignore_index=True
    )
    if calls.empty:
        return
    sent = tokens_of(calls, SENT)
    most = pd.Series(sent).groupby([calls["session_id"], calls["model"]]).transform("max").to_numpy()
    agents = calls["agent"].astype("object").where(calls["agent"].notna(), None)
    rooms = [windows_of(agent, model) for agent, model in zip(agents.tolist(), calls["model"].tolist(), strict=True)]
    window = np.array(
        [next((one for one in room if one >= top), np.nan) for room, top in zip(rooms, most, strict=True)]
    )
    larger = [bool(room) and room[-1] > size for room, size in zip(rooms, window.tolist(), strict=True)]
    filled = sent / window
    full = filled > share
    steps_of = StepsOf(steps)
    sessions = pd.factorize(calls["session_id"])[0]
    edges = np.flatnonzero((np.diff(sessions) != 0) | (np.diff(full.astype("int8")) != 0)) + 1
    for part in np.split(np.arange(len(calls)), edges):
        if not full[part[0]]:
            continue
        rows = steps_of(calls.iloc[part])
        if not rows:
            continue
        top = part[int(np.argmax(filled[part]))]
        yield Hit(
            rows,
            [],
            "high" if filled[top] >= 0.97 else "medium",
            0.7 if larger[top] else 0.95,
            f"{len(part)} model calls filled more than {share:.0%} of the context: up to {int(sent[top]):,} of "
            f"{int(window[top]):,} tokens ({filled[top]:.0%})",
        )


DETECTOR = Detector(
    name="context_pressure",
    version=2,
    title="A full context",
    definition="Model calls of the main thread whose input fills more than 0.9 of the model's context window.",
    source="agentobs",
    needs=("steps", "model_calls"),
    find=find,
)
