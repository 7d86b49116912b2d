"""What commands print: clean lines for people, JSON and CSV for programs. Text of events is never trusted."""

import csv
import json
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import pandas as pd

_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # controls, bidi and other invisible marks, lone surrogates, line breaks
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
UNKNOWN = "–"


def clean(text: str) -> str:
    """Return the text without anything that moves a cursor, colours, hides or reorders."""
    if text.isprintable() and text.isascii():
        return text
    return "".join(" " if c in "\t\n\r" else c for c in text if c in "\t\n\r" or unicodedata.category(c) not in _HIDDEN)


def one_line(text: str, most: int = 2000) -> str:
    """Return the text as one clean line of at most so many characters."""
    line = " ".join(clean(text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def money(cost_usd: float | None, unpriced_calls: int) -> str:
    """Return a cost as people read it: what is unknown is said, and never counts as nothing."""
    if cost_usd is None:
        return "unknown" if unpriced_calls else UNKNOWN
    text = f"${cost_usd:,.2f}" if cost_usd >= 0.01 or cost_usd == 0 else f"${cost_usd:.4f}"
    if not unpriced_calls:
        return text
    return f"{text} + {unpriced_calls:,} call{'s' if unpriced_calls > 1 else ''} unpriced"


def count(value: int | None) -> str:
    """Return a number with its thousands apart; a dash where it is unknown."""
    return UNKNOWN if value is None else f"{value:,}"


def duration(seconds: float | None) -> str:
    """Return a duration in its two largest units."""
    if seconds is None:
        return UNKNOWN
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def moment(value: datetime | None, zone: str, form: str = "%Y-%m-%d %H:%M") -> str:
    """Return a time as the clock of a zone shows it."""
    return UNKNOWN if value is None else value.astimezone(ZoneInfo(zone)).strftime(form)


def records(data: "pd.DataFrame") -> list[dict[str, Any]]:
    """Return the rows of a frame with plain Python values; <NA> becomes None."""
    import pandas as pd

    def plain(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [plain(each) for each in value]
        if pd.isna(value):
            return None
        return value.to_pydatetime(warn=False) if isinstance(value, pd.Timestamp) else value

    columns = [[plain(value) for value in data[name].tolist()] for name in data.columns]
    return [dict(zip(data.columns, row, strict=True)) for row in zip(*columns, strict=True)]


def print_json(value: Any, file: TextIO | None = None) -> None:
    """Print a value as JSON; times as ISO 8601 in UTC."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=_iso, allow_nan=False)
    print(text.encode("utf-8", "replace").decode("utf-8"), file=file or sys.stdout)


def print_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], file: TextIO | None = None) -> None:
    """Print rows as CSV that no spreadsheet takes for formulas; unknown values are empty."""
    writer = csv.writer(file or sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(row[name]) for name in columns])


def cell(value: Any) -> Any:
    """Return a value as a cell of CSV: text that a spreadsheet could run begins with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return _iso(value)
    if isinstance(value, list):
        return cell(" ".join(map(str, value)))
    if isinstance(value, str):
        text = clean(value) if value and ord(value[0]) < 32 else value
        return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
    return value


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no JSON")
