"""The forest plot: differences between groups, crude and within strata, with their intervals."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from agentobs.analysis.look import FAILED, MUTED, OTHER, PALETTE, figure, nothing, plain
from agentobs.frames import require


def _rows(data: pd.DataFrame) -> list[Any]:
    return list(data.itertuples(index=False))


def forest(comparison: pd.DataFrame, *, title: str = "Differences", value: str = "", share: bool = False) -> go.Figure:
    """The difference of each group from the reference, crude in grey and within strata in colour.

    Parameters
    ----------
    comparison : what comparison.compare returns
    value : what is compared, for the axis
    share : differences are of shares, in percentage points
    """
    needed = ["group", "reference", "n", "reference_n", "crude", "stratified", "strata", "simpson", "warning"]
    require(comparison, needed, "comparison")
    made = figure(plain(title), height=150 + 44 * len(comparison))
    known = comparison[comparison["crude"].notna() | comparison["stratified"].notna()].iloc[::-1].reset_index(drop=True)
    if known.empty:
        return nothing(made, "no group has enough values to be compared")
    for name, lift, colour in (("crude", 0.14, OTHER), ("stratified", -0.14, PALETTE[0])):
        rows = known[known[name].notna()]
        if rows.empty:
            continue
        middle, low, high = (rows[column].astype("float64") for column in (name, f"{name}_low", f"{name}_high"))
        about = [
            f"{plain(row.group, 60)}: {row.n:,} against {row.reference_n:,}"
            + (f", {row.strata} strata" if name == "stratified" else "")
            + ("" if pd.isna(row.warning) else f"<br>{plain(row.warning, 160)}")
            for row in _rows(rows)
        ]
        turned = rows["simpson"].fillna(value=False).astype(bool)
        made.add_scatter(
            x=middle.tolist(), y=[place + lift for place in rows.index], mode="markers", name=name,
            marker={"size": 10, "color": [FAILED if warned and name == "crude" else colour for warned in turned]},
            error_x={"type": "data", "symmetric": False, "array": (high - middle).tolist(),
                     "arrayminus": (middle - low).tolist(), "color": MUTED, "thickness": 1},
            customdata=about, hovertemplate=f"{name} %{{x:+.3g}}<br>%{{customdata}}<extra></extra>",
        )  # fmt: skip
    made.add_vline(x=0, line={"color": MUTED, "width": 1, "dash": "dot"})
    made.update_yaxes(tickvals=list(known.index), ticktext=[plain(name, 40) for name in known["group"]], showgrid=False)
    made.update_xaxes(title_text=plain(value), tickformat="+.0%" if share else None)
    warned = int(known["simpson"].fillna(value=False).sum())
    said = f"against {plain(known['reference'].iloc[0], 60)}"
    made.update_layout(
        title_subtitle_text=f"{said}; {warned} turn within the strata: read the coloured" if warned else said
    )
    return made
