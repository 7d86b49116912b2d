"""One session as lanes in time: the human, the model, the tools, and each subagent."""

import pandas as pd

from agentobs.analysis.tools import FAILURES
from agentobs.frames import TIME, require

KINDS = ("prompt", "model", "tool", "failed tool", "waiting", "error", "context")
COLUMNS = {
    "lane": "str",
    "thread_id": "str",
    "kind": "str",
    "started_at": TIME,
    "ended_at": TIME,
    "duration_s": "Float64",
    "marks": "Int64",
    "label": "str",
    "status": "str",
    "event_id": "str",
}
TIMED = ("exact", "naive", "inherited")


def lanes(events: pd.DataFrame, tool_calls: pd.DataFrame, *, most: int = 4000) -> pd.DataFrame:
    """What went on in a session, as marks and bars on lanes.

    Parameters
    ----------
    events : frame of EVENTS, of one session
    tool_calls : frame of TOOL_CALLS, of the same session
    most : more marks than this are merged into bins of equal time, lane by lane and kind by kind

    Returns
    -------
    One row per mark, in order of time:

    ==========  =======  ===========================================================================
    lane        str      "human", "model", "tools", or "subagent <id>"
    thread_id   str      <NA>: the main thread
    kind        str      one of KINDS; waiting: from the agent's last word to the next prompt
    started_at  time     of a model's answer: the record it follows
    ended_at    time
    duration_s  Float64  seconds; 0: an instant; <NA>: the end is not known
    marks       Int64    how many things this row stands for
    label       str      the prompt's head, the tool and its target, the error
    status      str      of a tool call
    event_id    str      the event to open; of merged marks the first
    ==========  =======  ===========================================================================
    """
    needed = ["event_id", "ts", "ts_quality", "type", "role", "thread_id", "usage_key", "model", "summary", "seq"]
    require(events, needed, "events")
    require(
        tool_calls, ["event_id", "thread_id", "tool_name", "target", "started_at", "ended_at", "status"], "tool_calls"
    )
    known = events[events["ts_quality"].isin(TIMED) & events["ts"].notna()].sort_values(["ts", "seq"])
    parts = [_instants(known), _answers(known), _waiting(known), _tools(tool_calls)]
    found = pd.concat([part.reindex(columns=list(COLUMNS)).astype(COLUMNS) for part in parts], ignore_index=True)
    found = found.sort_values(["started_at", "lane"], kind="stable", ignore_index=True)
    return found if len(found) <= most else _merged(found, most)


def _lane(threads: pd.Series, main: str) -> pd.Series:
    return ("subagent " + threads.str.slice(0, 8)).where(threads.notna(), main)


def _humans(known: pd.DataFrame) -> pd.Series:
    spoken = (known["type"] == "user_interaction") & (known["role"] == "user") & known["thread_id"].isna()
    return spoken.fillna(value=False).astype(bool)


def _instants(known: pd.DataFrame) -> pd.DataFrame:
    kinds = known["type"].map({"error_encountered": "error", "context_switch": "context"}).astype("str")
    kinds = kinds.mask(_humans(known), "prompt")
    rows = known[kinds.notna()]
    kinds = kinds[kinds.notna()]
    lane = _lane(rows["thread_id"], "model").mask(kinds == "prompt", "human")
    return pd.DataFrame(
        {
            "lane": lane,
            "thread_id": rows["thread_id"],
            "kind": kinds,
            "started_at": rows["ts"],
            "ended_at": rows["ts"],
            "duration_s": 0.0,
            "marks": 1,
            "label": rows["summary"],
            "event_id": rows["event_id"],
        }
    )


def _answers(known: pd.DataFrame) -> pd.DataFrame:
    """Each response once: from the record it follows in its thread to its last record."""
    threads = known["thread_id"].fillna("")
    before = known["ts"].groupby(threads).shift()
    of_model = ((known["role"] == "assistant") & known["usage_key"].notna()).fillna(value=False).astype(bool)
    rows = known[of_model].assign(before=before[of_model])
    groups = rows.groupby("usage_key", sort=False)
    first = groups.agg(
        thread_id=("thread_id", "first"),
        before=("before", "first"),
        ts=("ts", "min"),
        ended_at=("ts", "max"),
        label=("model", "first"),
        event_id=("event_id", "first"),
    )
    started = first["before"].fillna(first["ts"])
    return first.assign(
        lane=_lane(first["thread_id"], "model"),
        kind="model",
        started_at=started,
        duration_s=(first["ended_at"] - started).dt.total_seconds(),
        marks=1,
    )


def _waiting(known: pd.DataFrame) -> pd.DataFrame:
    main = known[known["thread_id"].isna()]
    before = main["ts"].shift()
    rows = main[_humans(main) & before.notna()]
    started = before[rows.index]
    return pd.DataFrame(
        {
            "lane": "human",
            "kind": "waiting",
            "started_at": started,
            "ended_at": rows["ts"],
            "duration_s": (rows["ts"] - started).dt.total_seconds(),
            "marks": 1,
            "label": "until the next prompt",
            "event_id": rows["event_id"],
        }
    )


def _tools(tool_calls: pd.DataFrame) -> pd.DataFrame:
    rows = tool_calls[tool_calls["started_at"].notna()]
    failed = rows["status"].isin(FAILURES)
    label = rows["tool_name"].fillna("tool").str.cat(rows["target"].fillna(""), sep=" ").str.strip()
    return pd.DataFrame(
        {
            "lane": _lane(rows["thread_id"], "tools"),
            "thread_id": rows["thread_id"],
            "kind": failed.map({True: "failed tool", False: "tool"}),
            "started_at": rows["started_at"],
            "ended_at": rows["ended_at"].fillna(rows["started_at"]),
            "duration_s": (rows["ended_at"] - rows["started_at"]).dt.total_seconds(),
            "marks": 1,
            "label": label,
            "status": rows["status"],
            "event_id": rows["event_id"],
        }
    )


def _merged(found: pd.DataFrame, most: int) -> pd.DataFrame:
    """Fewer marks: those of one lane and kind that begin in the same bin of time become one."""
    kinds = found.groupby(["lane", "kind"]).ngroups
    start = found["started_at"].min()
    width = (found["started_at"].max() - start) / max(1, most // kinds)
    found = found.assign(
        bin=((found["started_at"] - start) // max(width, pd.Timedelta(microseconds=1))).astype("int64")
    )
    merged = found.groupby(["lane", "kind", "bin"], sort=False, as_index=False).agg(
        thread_id=("thread_id", "first"),
        started_at=("started_at", "min"),
        ended_at=("ended_at", "max"),
        duration_s=("duration_s", "sum"),
        marks=("marks", "sum"),
        label=("label", "first"),
        status=("status", "first"),
        event_id=("event_id", "first"),
    )
    several = merged["marks"] > 1
    merged["label"] = merged["label"].fillna("").mask(several, merged["marks"].astype("str") + " × " + merged["kind"])
    merged = merged.astype(COLUMNS)[list(COLUMNS)]
    return merged.sort_values(["started_at", "lane"], kind="stable", ignore_index=True)
