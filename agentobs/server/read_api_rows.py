"""Rows of frames as JSON: null for unknown, times in UTC as ISO 8601, the columns' own names."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from agentobs.frames import Frame

KINDS: dict[str, dict[str, Any]] = {
    "time": {"type": ["string", "null"], "format": "date-time"},
    "str": {"type": ["string", "null"]},
    "int": {"type": ["integer", "null"]},
    "float": {"type": ["number", "null"]},
    "bool": {"type": ["boolean", "null"]},
    "object": {},
}


def rows_of(data: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one object per row."""
    columns = {str(name): _values(data[name]) for name in data.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def schema_of(frame: Frame) -> Mapping[str, Any]:
    """Return the JSON schema of one row of a frame."""
    properties = {
        column.name: {**KINDS[column.kind], **({"description": column.meaning} if column.meaning else {})}
        for column in frame.columns
    }
    return {"type": "object", "title": frame.name, "description": frame.row, "properties": properties}


def _values(column: pd.Series) -> list[Any]:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return [None if pd.isna(value) else value.isoformat().replace("+00:00", "Z") for value in column]
    if column.dtype == object:
        return [None if _is_unknown(value) else value for value in column]
    known = column.notna().tolist()
    values = column.astype(object).tolist()
    return [value if is_known else None for value, is_known in zip(values, known, strict=True)]


def _is_unknown(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and value != value)  # noqa: PLR0124 a NaN
