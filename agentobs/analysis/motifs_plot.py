"""The figure of motifs that tell outcomes apart."""

import pandas as pd
import plotly.graph_objects as go

from agentobs.analysis.look import MUTED, OTHER, PALETTE, figure, nothing, plain
from agentobs.frames import require


def motif_contrast(contrasts: pd.DataFrame, *, most: int = 15, title: str = "Motifs and success") -> go.Figure:
    """Odds ratio of success for the motifs with the smallest p, the significant ones in colour.

    Parameters
    ----------
    contrasts : what motifs.contrast returns
    """
    require(contrasts, ["motif", "sessions", "success_with", "success_without", "odds_ratio", "p", "q", "significant"],
            "contrasts")  # fmt: skip
    shown = contrasts[contrasts["odds_ratio"].notna()].head(most).iloc[::-1]
    made = figure(plain(title), height=140 + 26 * len(shown))
    if shown.empty:
        return nothing(made, "no motif could be tested")
    for name, rows, colour in (
        ("significant", shown[shown["significant"]], PALETTE[0]),
        ("not significant", shown[~shown["significant"]], OTHER),
    ):
        told = [
            f"{share:.0%} succeed with it ({sessions:,} sessions), {without:.0%} without<br>p {p:.4f}, q {q:.3f}"
            for sessions, share, without, p, q in rows[
                ["sessions", "success_with", "success_without", "p", "q"]
            ].itertuples(index=False)
        ]
        made.add_scatter(
            x=rows["odds_ratio"].tolist(), y=[plain(motif, 60) for motif in rows["motif"]], mode="markers", name=name,
            marker={"size": 11, "color": colour}, customdata=told,
            hovertemplate="<b>%{y}</b> odds ratio %{x:.2f}<br>%{customdata}<extra></extra>",
        )  # fmt: skip
    made.add_vline(x=1, line={"color": MUTED, "width": 1, "dash": "dot"})
    made.update_xaxes(type="log", title_text="odds ratio of success, within projects")
    made.update_yaxes(categoryorder="array", categoryarray=[plain(motif, 60) for motif in shown["motif"]])
    significant = int(contrasts["significant"].sum())
    made.update_layout(
        title_subtitle_text=f"{len(contrasts):,} motifs tested, {significant:,} significant after correction"
    )
    return made
