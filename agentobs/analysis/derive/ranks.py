"""Of several rows that are one thing, the best: the one place that says how."""

from collections.abc import Sequence

import pandas as pd


def first_of_each(rows: pd.DataFrame, key: Sequence[str], rank: Sequence[str]) -> pd.DataFrame:
    """Return one row per key, the smallest by `rank`; only keys that occur twice are sorted."""
    several = rows.duplicated(list(key), keep=False)
    if not several.any():
        return rows
    best = rows[several].sort_values(list(rank), kind="stable").drop_duplicates(list(key))
    return pd.concat([rows[~several], best])


def either(first: pd.Series, second: pd.Series) -> pd.Series:
    """Return the first where it is known, else the second."""
    return first.where(first.notna(), second)
