"""Model calls beside steps: their tokens, and which steps they are."""

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._sequences import sessions_of

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
        owners = steps["session_id"].array
        self._sessions = {owners[rows[0]]: rows for rows in sessions_of(steps)}
        self._threads, self._responses = steps["thread_id"].array, steps["response"].array
        self._times = steps["started_at"].to_numpy()
        self._timed = (steps["started_at"].notna() & steps["timed"].fillna(value=False)).to_numpy(bool)
        self._ends = (steps["kind"] == "end").to_numpy(bool)

    def __call__(self, model_calls: pd.DataFrame) -> list[int]:
        """Return the first step of each of some calls of one session and thread, as places in the steps.

        Where the steps do not say their response, it is the last step that had begun when the call was recorded; where
        that is the session's end there is none: it is no call but the session's total.
        """
        places, thread = self._sessions[model_calls["session_id"].tolist()[0]], model_calls["thread_id"].tolist()[0]
        threads = self._threads[places].tolist()
        own = [pd.isna(one) for one in threads] if pd.isna(thread) else [one == thread for one in threads]
        places = places[np.array(own, dtype=bool)]
        first: dict[object, int] = {}
        for place, response in zip(places.tolist(), self._responses[places].tolist(), strict=True):
            first.setdefault(response, place)
        timed = places[self._timed[places]]
        by_time = timed[np.argsort(self._times[timed], kind="stable")]
        began = self._times[by_time]
        found = []
        keys, times = model_calls["usage_key"].tolist(), model_calls["started_at"].to_numpy()
        for key, time in zip(keys, times, strict=True):
            if isinstance(key, str) and key in first:
                found.append(first[key])
            elif len(began) and not pd.isna(time):
                found.append(int(by_time[max(0, int(np.searchsorted(began, time, side="right")) - 1)]))
        return sorted({row for row in found if not self._ends[row]})
