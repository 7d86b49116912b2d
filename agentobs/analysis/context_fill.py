"""How full the context of the main thread was, call by call, and where it was compacted."""

import pandas as pd
import plotly.graph_objects as go

from agentobs.analysis.look import MUTED, PALETTE, figure, nothing, plain
from agentobs.frames import require

_LANES = ("input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens")


def context_fill(model_calls: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """Tokens that each call of the main thread was sent.

    Parameters
    ----------
    model_calls : frame of MODEL_CALLS, of one session
    steps : frame of STEPS, of the same session

    Returns
    -------
    One row per call of the main thread whose input is known, in order of time:

    ==============  =======  ==================================================================================
    call            Int64    from 1
    started_at      time
    model           str
    context_tokens  Int64    input + cache reads + cache writes of the call: all that the model was given
    cached_share    Float64  cache reads / context_tokens, in [0, 1]; <NA>: cache reads are unknown
    compacted       boolean  a compaction of the session lies between the call before and this one
    usage_key       str
    ==============  =======  ==================================================================================
    """
    require(model_calls, ["started_at", "model", "usage_key", "thread_id", *_LANES], "model_calls")
    require(steps, ["kind", "started_at", "thread_id"], "steps")
    own = model_calls[model_calls["thread_id"].isna() & model_calls[list(_LANES)].notna().any(axis=1)]
    own = own.sort_values(["started_at", "usage_key"], ignore_index=True)
    tokens = own[list(_LANES)].fillna(0).sum(axis=1).astype("Int64")
    marks = steps[(steps["kind"] == "compaction") & steps["thread_id"].isna()]["started_at"].dropna()
    before = pd.Series(marks.sort_values().searchsorted(own["started_at"], side="right"))
    compacted = (before.diff() > 0).astype("boolean")
    return pd.DataFrame(
        {
            "call": pd.Series(range(1, len(own) + 1), dtype="Int64"),
            "started_at": own["started_at"],
            "model": own["model"],
            "context_tokens": tokens,
            "cached_share": own["cache_read_tokens"].astype("Float64") / tokens.mask(tokens == 0).astype("Float64"),
            "compacted": compacted,
            "usage_key": own["usage_key"],
        }
    )


def plot_context_fill(fill: pd.DataFrame, *, window: int | None = None) -> go.Figure:
    """The curve of a session's context, with its compactions.

    Parameters
    ----------
    fill : what context_fill returns
    window : tokens that the model's context holds, drawn as a line; None: unknown
    """
    require(fill, ["call", "context_tokens", "cached_share", "model", "compacted"], "context_fill")
    made = figure("Context", "tokens that each call was sent: input, cache reads and cache writes")
    if fill.empty:
        return nothing(made, "no call of this session says what it was sent")
    share = ["unknown" if pd.isna(value) else f"{value:.0%}" for value in fill["cached_share"]]
    names = [plain(model) if isinstance(model, str) else "unknown model" for model in fill["model"]]
    made.add_scatter(
        x=fill["call"].astype("int64").tolist(),
        y=fill["context_tokens"].astype("int64").tolist(),
        mode="lines+markers" if len(fill) <= 200 else "lines",
        line={"color": PALETTE[0], "width": 2, "shape": "hv"},
        fill="tozeroy",
        fillcolor="rgba(53,99,181,0.12)",
        customdata=list(zip(names, share, strict=True)),
        hovertemplate="call %{x:,}: %{y:,} tokens<br>%{customdata[0]} · %{customdata[1]} from the cache<extra></extra>",
        showlegend=False,
    )
    for call in fill[fill["compacted"].fillna(value=False)]["call"].astype("int64").tolist():
        made.add_vline(x=call - 0.5, line={"color": MUTED, "width": 1, "dash": "dot"})
        made.add_annotation(x=call - 0.5, y=1, yref="paper", text="compacted", showarrow=False, xanchor="left",
                            yanchor="top", font={"size": 11, "color": MUTED})  # fmt: skip
    if window is not None:
        made.add_hline(y=window, line={"color": MUTED, "width": 1, "dash": "dash"})
        made.add_annotation(x=1, xref="paper", y=window, text=f"window: {window:,}", showarrow=False, xanchor="right",
                            yanchor="bottom", font={"size": 11, "color": MUTED})  # fmt: skip
    made.update_xaxes(title_text="model call")
    made.update_yaxes(tickformat="~s", rangemode="tozero")
    return made
