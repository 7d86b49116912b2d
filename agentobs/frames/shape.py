"""What a frame is: declared columns with types and meanings; how data is given this shape."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from agentobs.errors import FrameError

TIME = "datetime64[us, UTC]"
DTYPES = {"time": TIME, "str": "str", "int": "Int64", "float": "Float64", "bool": "boolean", "object": "object"}


@dataclass(frozen=True)
class Column:
    """One column: its name, one of DTYPES, and what it means with its unit."""

    name: str
    kind: str
    meaning: str = ""


@dataclass(frozen=True)
class Frame:
    """A declared frame: what one row is, and its columns in order."""

    name: str
    row: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The column names, in order."""
        return [column.name for column in self.columns]

    @property
    def dtypes(self) -> dict[str, str]:
        """The pandas type of each column."""
        return {column.name: DTYPES[column.kind] for column in self.columns}


def declare(name: str, row: str, text: str) -> Frame:
    """Return the frame that lines of `name kind meaning` describe."""
    rows = [line.split(maxsplit=2) for line in text.strip().splitlines()]
    return Frame(name, row, tuple(Column(*row) for row in rows))


def empty(frame: Frame) -> pd.DataFrame:
    """Return the frame without rows: all its columns, with their types."""
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in frame.dtypes.items()})


def conform(data: pd.DataFrame, frame: Frame) -> pd.DataFrame:
    """Return the data with the declared columns, in order, with their types; raise FrameError when one is missing."""
    require(data, frame.names, frame.name)
    types: dict[str, Any] = dict(frame.dtypes)
    columns = {name: data[name].astype(dtype) for name, dtype in types.items()}
    return pd.DataFrame(columns).reset_index(drop=True)


def require(data: pd.DataFrame, names: list[str], what: str) -> None:
    """Raise FrameError, naming the first missing column and what is there, unless all names are columns of the data."""
    missing = [name for name in names if name not in data.columns]
    if missing:
        raise FrameError(f"frame {what} lacks {missing[0]!r}; it has {sorted(map(str, data.columns))}")
