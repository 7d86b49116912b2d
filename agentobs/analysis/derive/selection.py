"""Filters with one meaning everywhere: [since, until) of a time, and names that a column must have."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

COLUMNS = {
    "session": "session_id",
    "agent": "agent",
    "project": "project",
    "model": "model",
    "tool": "tool_name",
    "type": "type",
}


def select(
    data: pd.DataFrame, filters: Mapping[str, Any], *, time: pd.Series, names: tuple[str, ...] = tuple(COLUMNS)
) -> pd.DataFrame:
    """The rows whose `time` is in [since, until) and whose columns have one of the wanted names.

    Parameters
    ----------
    data : any frame with the columns that `names` (of COLUMNS) stand for
    filters : since, until (aware, or None), and for each name a list of values, or None for all

    Returns
    -------
    The rows that are left, counted anew.
    """
    kept = pd.Series(data=True, index=data.index)
    if filters["since"] is not None:
        kept &= time >= filters["since"]
    if filters["until"] is not None:
        kept &= time < filters["until"]
    for name in names:
        if filters[name] is not None:
            kept &= data[COLUMNS[name]].isin(filters[name])
    return data if kept.all() else data[kept].reset_index(drop=True)
