"""What a test looks at: the calls' lanes and the bill, as plain values."""

from typing import Any

import pandas as pd
import pytest

from agentobs.workbench import Workbench

LANES = ["input_tokens", "output_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"]


def lanes(bench: Workbench, **filters: Any) -> list[tuple[int | None, ...]]:
    """(input, output, cache read, 5-minute write, 1-hour write) of every call, by time; None: unknown."""
    return rows(bench.model_calls(**filters), *LANES)


def rows(data: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Columns of a frame as plain values; None where it has none."""
    plain = data[list(columns)].astype(object)
    return [tuple(None if pd.isna(value) else value for value in row) for row in plain.itertuples(index=False)]


def column(data: pd.DataFrame, name: str) -> list[Any]:
    """One column as plain values."""
    return [row[0] for row in rows(data, name)]


def bill(bench: Workbench) -> float | None:
    """The cost of everything in dollars; None: nothing has a price."""
    costs = column(bench.usage("agent"), "cost_usd")
    assert len(costs) <= 1
    return costs[0] if costs else None


def usd(tokens_times_price: float) -> Any:
    """Dollars by hand: a sum of tokens x dollars per million tokens."""
    return pytest.approx(tokens_times_price / 1e6, rel=1e-12)


def by_day(bench: Workbench, zone: str) -> dict[str, int]:
    """How many calls each local day has."""
    return dict(rows(bench.usage("day", tz=zone), "day", "model_calls"))
