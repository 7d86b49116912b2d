"""Tables for reading: numbers written for people; escaped HTML in a notebook, rows elsewhere."""

import html
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from agentobs.analysis.look import CONTROL
from agentobs.analysis.zones import zone
from agentobs.frames import require

UNKNOWN = "–"
SHORT = 28
TITLES = {"human_turns": "turns", "tool_calls": "tools", "tool_errors": "failed", "total_tokens": "tokens"}
TITLES |= {"unpriced_calls": "unpriced", "tool_name": "tool", "cache_share": "from cache"}
TITLES |= {
    name: name.removesuffix("_tokens").replace("_", " ")
    for name in ("input_tokens", "output_tokens", "cache_read_tokens")
}


@dataclass(frozen=True)
class Table:
    """Words and numbers, ready to be shown; `columns` of (title, is a number), `rows` of strings."""

    columns: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def _repr_html_(self) -> str:
        align = ["right" if number else "left" for _, number in self.columns]
        head = "".join(
            f'<th style="text-align:{side}">{html.escape(title)}</th>'
            for (title, _), side in zip(self.columns, align, strict=True)
        )
        body = "".join(
            "<tr>"
            + "".join(
                f'<td class="{_class(cell)}" style="text-align:{side}">{html.escape(cell)}</td>'
                for cell, side in zip(row, align, strict=True)
            )
            + "</tr>"
            for row in self.rows
        )
        note = f'<p class="ao-note">{html.escape(self.note)}</p>' if self.note else ""
        return f'<table class="ao-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}'


@dataclass(frozen=True)
class Tiles:
    """A few big numbers side by side: (number, what it is, a quieter remark)."""

    tiles: Sequence[tuple[str, str, str]] = field(default_factory=tuple)

    def _repr_html_(self) -> str:
        cells = "".join(
            f'<td class="ao-tile" style="text-align:left"><span class="ao-number" style="font-size:1.8em">'
            f'{html.escape(number)}</span><br><span class="ao-what">{html.escape(what)}</span><br>'
            f'<span class="ao-remark" style="font-size:0.85em">{html.escape(remark)}</span></td>'
            for number, what, remark in self.tiles
        )
        return f'<table class="ao-tiles"><tbody><tr>{cells}</tr></tbody></table>'


def table(
    frame: pd.DataFrame,
    columns: Sequence[str] = (),
    *,
    tz: str = "UTC",
    titles: Mapping[str, str] | None = None,
    most: int = 50,
) -> Table:
    """The first rows of a frame for reading; how a number is written follows from its column's name.

    Parameters
    ----------
    frame : any frame of ours
    columns : the columns to show, in order; all when empty
    tz : the zone of the times written
    titles : other titles than the columns' own names
    most : rows to show; a note says how many there are
    """
    chosen = list(columns) or [str(name) for name in frame.columns]
    require(frame, chosen, "table")
    rows = frame.head(most)
    words = [[_writer(name, frame[name], tz)(value) for value in rows[name]] for name in chosen]
    heads = [((titles or {}).get(name) or title(name), pd.api.types.is_numeric_dtype(frame[name])) for name in chosen]
    note = f"the first {most:,} of {len(frame):,}" if len(frame) > most else "" if len(frame) else "none"
    return Table(heads, list(zip(*words, strict=True)), note)


def tiles(headline: pd.DataFrame) -> Tiles:
    """The totals of sessions.headline as big numbers."""
    row = headline.iloc[0]
    unpriced, errors = int(row["unpriced_calls"]), int(row["tool_errors"])
    return Tiles(
        (
            (count(row["sessions"]), "sessions", f"{count(row['human_turns'])} human turns"),
            (
                dollars(row["cost_usd"]),
                "cost",
                f"{unpriced:,} calls of unknown price" if unpriced else "all calls priced",
            ),
            (short(row["total_tokens"]), "tokens", f"{count(row['model_calls'])} model calls"),
            (share(row["cache_share"]), "from the cache", "of the tokens sent"),
            (count(row["tool_calls"]), "tool calls", f"{errors:,} failed or refused"),
        )
    )


def title(name: str) -> str:
    """Return a column's name for reading; its unit stands at the numbers."""
    if name in TITLES:
        return TITLES[name]
    for ending in ("_usd", "_ms", "_s", "_at"):
        name = name.removesuffix(ending)
    return name.replace("_id", "").replace("_", " ")


def count(value: object) -> str:
    """Return a whole number with thousands separators."""
    return UNKNOWN if _unknown(value) else f"{int(value):,}"  # pyright: ignore[reportArgumentType, reportCallIssue]


def dollars(value: object) -> str:
    """Return an amount in dollars; small ones with more digits; unknown is never $0."""
    if _unknown(value):
        return "unknown price"
    return f"${value:,.2f}" if value == 0 or abs(value) >= 0.01 else f"${value:,.4f}"  # pyright: ignore[reportArgumentType, reportOperatorIssue]


def share(value: object) -> str:
    """Return a rate of [0, 1] in percent."""
    return UNKNOWN if _unknown(value) else f"{100 * value:.1f} %"  # pyright: ignore[reportOperatorIssue]


def short(value: object) -> str:
    """Return a big number in three or four characters: 999, 12.3k, 4.56M, 7.8B."""
    if _unknown(value):
        return UNKNOWN
    number, letters = float(value), ["", "k", "M", "B"]  # pyright: ignore[reportArgumentType]
    while number >= 999.5 and len(letters) > 1:
        number, letters = number / 1000, letters[1:]
    digits = 0 if letters[0] == "" or number >= 99.95 else 1 if number >= 9.995 else 2
    return f"{number:,.{digits}f}{letters[0]}"


def length(seconds: object) -> str:
    """Return a duration: 850 ms, 12.3 s, 4 min 05 s, 3 h 20 min."""
    if _unknown(seconds):
        return UNKNOWN
    value = float(seconds)  # pyright: ignore[reportArgumentType]
    if value < 0.9995:
        return f"{1000 * value:,.0f} ms"
    if value < 59.95:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def text(value: object, most: int = 90) -> str:
    """Return text that others wrote in one line, without control or bidi characters; it is still to be escaped."""
    if _unknown(value):
        return UNKNOWN
    quiet = CONTROL.sub(" ", str(value)).strip()
    return quiet if len(quiet) <= most else quiet[: most - 1] + "…"


def _class(cell: str) -> str:
    return "ao-short" if len(cell) <= SHORT else "ao-long"


def _unknown(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def _writer(name: str, column: pd.Series, tz: str) -> Callable[[object], str]:
    """How the values of a column are written, by its type, then by its name."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        there = zone(tz)
        return lambda value: UNKNOWN if _unknown(value) else f"{value.tz_convert(there):%Y-%m-%d %H:%M}"  # pyright: ignore[reportAttributeAccessIssue]
    if pd.api.types.is_datetime64_dtype(column):
        return lambda value: UNKNOWN if _unknown(value) else f"{value:%Y-%m-%d}"
    if name in NAMED:
        return NAMED[name]
    for ending, writer in ENDINGS.items():
        if name.endswith(ending):
            return writer
    return count if pd.api.types.is_numeric_dtype(column) else text


def _milliseconds(value: object) -> str:
    return length(None if _unknown(value) else float(value) / 1000)  # pyright: ignore[reportArgumentType]


def _wasted(value: object) -> str:
    return UNKNOWN if _unknown(value) else dollars(value)


NAMED = {"share": share, "share_low": share, "share_high": share, "wasted_cost_usd": _wasted}
ENDINGS = {"_usd": dollars, "_share": share, "_rate": share, "_s": length, "_ms": _milliseconds}
