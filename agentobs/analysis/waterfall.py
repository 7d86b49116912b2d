"""Where the money of a session, or of many, went: cost by lane of tokens, and how much of it was in vain."""

import pandas as pd
import plotly.graph_objects as go

from agentobs.analysis.look import FAILED, OTHER, PALETTE, figure, nothing, plain
from agentobs.frames import require


def cost_waterfall(model_calls: pd.DataFrame, findings: pd.DataFrame, wasted: pd.DataFrame) -> pd.DataFrame:
    """How the cost comes together, and what of it was wasted.

    Parameters
    ----------
    model_calls : frame of MODEL_CALLS
    findings : frame of FINDINGS, of the same sessions
    wasted : what waste.wasted returns for them: nothing twice

    Returns
    -------
    One row per step of the waterfall: the models by cost (main thread, then subagents), the sum, what detectors say was
    in vain, and what is left:

    ========  =======  ===========================================================================
    label     str      "<model>", "<model>, subagents", "all", "in vain", "of use"
    measure   str      relative | total
    cost_usd  Float64  of the priced calls; what is in vain is negative
    calls     Int64    priced model calls; of "in vain" the findings with a known cost
    ========  =======  ===========================================================================

    Calls without a price are not in it; how many they are stands in attrs["unpriced_calls"].
    """
    require(model_calls, ["model", "thread_id", "cost_usd"], "model_calls")
    require(findings, ["wasted_cost_usd"], "findings")
    require(wasted, ["cost_usd"], "wasted")
    priced = model_calls[model_calls["cost_usd"].notna()]
    side = priced["thread_id"].notna()
    label = priced["model"].fillna("unknown model").mask(side, priced["model"].fillna("unknown model") + ", subagents")
    sums = priced.groupby([side.rename("side"), label.rename("label")])["cost_usd"].agg(["sum", "size"]).reset_index()
    sums = sums.sort_values(["side", "sum"], ascending=[True, False])
    total = float(priced["cost_usd"].sum())
    lost = min(float(wasted["cost_usd"].fillna(0).sum()), total)
    rows = [
        (row.label, "relative", row.sum_, row.size_)
        for row in sums.set_axis(["side", "label", "sum_", "size_"], axis=1).itertuples()
    ]
    if rows:
        known = int(findings["wasted_cost_usd"].notna().sum())
        rows += [("all", "total", total, len(priced)), ("in vain", "relative", -lost, known),
                 ("of use", "total", total - lost, len(priced))]  # fmt: skip
    made = pd.DataFrame(rows, columns=["label", "measure", "cost_usd", "calls"])
    made = made.astype({"label": "str", "measure": "str", "cost_usd": "Float64", "calls": "Int64"})
    made.attrs["unpriced_calls"] = len(model_calls) - len(priced)
    return made


def plot_cost_waterfall(steps_of_cost: pd.DataFrame) -> go.Figure:
    """The waterfall of what cost_waterfall returns."""
    require(steps_of_cost, ["label", "measure", "cost_usd", "calls"], "cost_waterfall")
    unpriced = steps_of_cost.attrs.get("unpriced_calls", 0)
    said = "list prices" + (f"; {unpriced:,} calls without a price are not in it" if unpriced else "")
    made = figure("Where the cost went", said, height=440)
    if steps_of_cost.empty:
        return nothing(made, "no call with a known price")
    made.add_waterfall(
        x=[plain(label) for label in steps_of_cost["label"]],
        y=steps_of_cost["cost_usd"].astype("float64").tolist(),
        measure=steps_of_cost["measure"].tolist(),
        customdata=steps_of_cost["calls"].astype("int64").tolist(),
        hovertemplate="%{x}: $%{y:,.4f}<br>%{customdata:,} calls<extra></extra>",
        increasing={"marker": {"color": PALETTE[0]}},
        decreasing={"marker": {"color": FAILED}},
        totals={"marker": {"color": PALETTE[2]}},
        connector={"line": {"color": OTHER, "width": 1}},
    )
    made.update_yaxes(tickprefix="$", rangemode="tozero")
    return made
