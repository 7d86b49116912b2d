"""From COPY to frames: the server writes CSV, Arrow reads it in parallel, pandas gets the declared types."""

import json
from collections.abc import Mapping, Sequence
from io import RawIOBase
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from agentobs.frames import DTYPES, Frame

_TYPES = {
    "time": pa.timestamp("us"),
    "str": pa.large_string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "object": pa.large_string(),
}


class _CopyStream(RawIOBase):
    """What COPY writes, row by row, as a file that Arrow can read in large blocks while more is coming."""

    def __init__(self, copy: psycopg.Copy) -> None:
        self._rows = iter(copy)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes, fewer only at the end: Arrow makes a chunk of what each call returns."""
        blocks, length = [self._rest], len(self._rest)
        for row in self._rows:
            blocks.append(bytes(row))
            length += len(row)
            if 0 <= size <= length:
                break
        data = b"".join(blocks)
        if size < 0 or length <= size:
            self._rest = b""
            return data
        self._rest = data[size:]
        return data[:size]


def copy_out(connection: psycopg.Connection, query: str, values: Mapping[str, Any], frame: Frame) -> pa.Table:
    """Return the rows of a query as an Arrow table; columns named like the frame's get its types."""
    kinds = {column.name: _TYPES[column.kind] for column in frame.columns}
    kinds["context_id"] = kinds["kind_id"] = pa.int64()
    options = csv.ConvertOptions(
        column_types=kinds, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""],
        true_values=["t"], false_values=["f"],
    )  # fmt: skip
    statement = f"COPY ({query.rstrip().rstrip(';')}\n) TO STDOUT (FORMAT csv, HEADER)"
    with connection.cursor() as cursor, cursor.copy(statement.encode(), values) as copy:
        stream = _CopyStream(copy)
        return csv.read_csv(
            stream,
            read_options=csv.ReadOptions(block_size=8 << 20),
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=options,
        )


def join(table: pa.Table, other: pa.Table, key: str, names: Sequence[str]) -> pa.Table:
    """Return the table with columns of another one, looked up by a key that it has once."""
    places = pc.call_function(
        "index_in", [table[key].combine_chunks()], pc.SetLookupOptions(other[key].combine_chunks())
    )
    for name in names:
        if name not in table.column_names:
            table = table.append_column(name, other[name].combine_chunks().take(places))
    return table.drop_columns([key])


def to_pandas(table: pa.Table, frame: Frame) -> pd.DataFrame:
    """Return the frame's columns in order, with its pandas types."""
    return pd.DataFrame({column.name: _series(table[column.name], column.kind) for column in frame.columns}, copy=False)


def _series(column: pa.ChunkedArray, kind: str) -> pd.Series:
    dtype = DTYPES[kind]
    if kind == "str":
        return pd.Series(column.to_pandas(types_mapper={pa.large_string(): pd.StringDtype(na_value=np.nan)}.get))
    if kind == "time":
        return pd.Series(column.cast(pa.timestamp("us", "UTC")).to_pandas())
    if kind == "object":
        return pd.Series([None if text is None else json.loads(text) for text in column.to_pylist()], dtype=object)
    array = column.combine_chunks()
    values = pc.fill_null(array, False if kind == "bool" else 0).to_numpy(zero_copy_only=False)
    mask = array.is_null().to_numpy(zero_copy_only=False)
    masked = {"int": pd.arrays.IntegerArray, "float": pd.arrays.FloatingArray, "bool": pd.arrays.BooleanArray}[kind]
    return pd.Series(masked(np.array(values), np.array(mask)), dtype=dtype)
