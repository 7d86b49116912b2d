"""Model calls beside steps: their tokens, and which steps they are."""

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._endings import sessions_of

WRITTEN = ("cache_write_5m_tokens", "cache_write_1h_tokens")
SENT = ("input_tokens", "cache_read_tokens", *WRITTEN)


def tokens_of(model_calls: pd.DataFrame, lanes: tuple[str, ...]) -> np.ndarray:
    """Return the sum of some lanes of each call; NaN where none of them is known."""
    known = model_calls[list(lanes)].astype("Float64")
    total = known.fillna(0).sum(axis=1).where(known.notna().any(axis=1))
    return total.to_numpy("float64", na_value=np.nan)


class StepsOf:
    """Which steps model calls are."""

    def __init__(self, steps: pd.DataFrame) -> None:
        self._steps = steps[["thread_id", "response", "started_at", "timed", "kind"]]
        owners = steps["session_id"].tolist()
        self._sessions = {owners[rows[0]]: rows for rows in sessions_of(steps)}

    def __call__(self, model_calls: pd.DataFrame) -> list[int]:
        """Return the first step of each of some calls of one session and thread, as places in the steps.

        Where the steps do not say their response, it is the last step that had begun when the call was recorded; where
        that is the session's end there is none: it is no call but the session's total.
        """
        call = model_calls.iloc[0]
        places = self._sessions[call["session_id"]]
        mine = self._steps.iloc[places]
        main = pd.isna(call["thread_id"])
        own = (mine["thread_id"].isna() if main else mine["thread_id"] == call["thread_id"]).to_numpy(bool)
        mine, places = mine[own], places[own]
        told = _by_response(mine, places, model_calls)
        timed = mine["started_at"].notna().to_numpy(bool) & mine["timed"].fillna(value=False).to_numpy(bool)
        times = mine["started_at"].to_numpy()[timed]
        order = np.argsort(times, kind="stable")
        began, by_time = times[order], places[timed][order]
        found = []
        for row, time in zip(told.tolist(), model_calls["started_at"].to_numpy(), strict=True):
            if not np.isnan(row):
                found.append(int(row))
            elif len(began) and not pd.isna(time):
                found.append(int(by_time[max(0, int(np.searchsorted(began, time, side="right")) - 1)]))
        kinds = self._steps["kind"].iloc[found].tolist()
        return sorted({row for row, kind in zip(found, kinds, strict=True) if kind != "end"})


def _by_response(mine: pd.DataFrame, places: np.ndarray, model_calls: pd.DataFrame) -> np.ndarray:
    first = pd.Series(places, index=pd.Index(mine["response"]), dtype="float64")
    first = first[first.index.notna() & ~first.index.duplicated()]
    return first.reindex(model_calls["usage_key"]).to_numpy("float64")
