"""Tables for people, as wide as the terminal; the least important columns go first where it is narrow."""

from collections.abc import Iterable, Mapping, Sequence

from agentobs.cli.output import one_line

_WIDE = 24  # characters that a wide column has at least
_GAP = 3  # characters between two columns


def print_table(
    title: str,
    columns: Mapping[str, str],
    rows: Iterable[Sequence[str]],
    *,
    last: Sequence[str] = (),
    optional: Sequence[str] = (),
    header: bool = True,
) -> None:
    """Print a table. `columns` maps each heading to left, right or wide (takes what room is left); `last` is a row of
    totals; `optional` columns go, the first one first, where the terminal is too narrow."""
    from rich import box
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 160)
    names = list(columns)
    lines = [[one_line(value) for value in row] for row in rows]
    sizes = {
        name: max(map(cell_len, [name, *(line[i] for line in lines), *last[i : i + 1]])) for i, name in enumerate(names)
    }

    def room() -> int:
        """What is left for the wide column."""
        return console.width - sum(_GAP + (0 if columns[name] == "wide" else sizes[name]) for name in names)

    for name in optional:
        if room() < _WIDE:
            names.remove(name)
    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, show_footer=bool(last),
        show_header=header, padding=(0, 1, 0, 1), pad_edge=False,
    )  # fmt: skip
    for place, name in enumerate(columns):
        if name in names:
            table.add_column(
                name, justify="right" if columns[name] == "right" else "left", no_wrap=True, overflow="ellipsis",
                max_width=max(room(), _WIDE) if columns[name] == "wide" else None,
                footer=Text(last[place]) if last else "",
            )  # fmt: skip
    for line in lines:
        table.add_row(*(Text(value) for name, value in zip(columns, line, strict=True) if name in names))
    console.print(table)
