"""Sessions: what each one was, did, used and cost, with its subagents inside."""

import pandas as pd

from agentobs.analysis.derive.edits import is_edit
from agentobs.analysis.derive.telemetry import is_own
from agentobs.analysis.derive.usage import totals
from agentobs.analysis.tools import FAILURES
from agentobs.frames import SESSIONS, conform

_FIRST = ["root_session_id", "agent", "agent_version", "project", "working_directory", "branch", "repository",
          "machine", "workspace"]  # fmt: skip
COMMANDS = ("command_execute", "test_run", "build_trigger", "commit_created", "rollback_performed")
_ZERO = ("model_calls", "subagent_calls", "tool_calls", "tool_errors", "commands", "tests_run", "tests_passed",
         "tests_known", "builds", "commits", "rollbacks", "searches", "edits", "files_modified",
         "unpriced_calls")  # fmt: skip


def sessions(
    events: pd.DataFrame,
    tool_calls: pd.DataFrame,
    edits: pd.DataFrame,
    model_calls: pd.DataFrame,
    lineage: pd.DataFrame,
) -> pd.DataFrame:
    """What each session was, did, used and cost, by its start.

    Parameters
    ----------
    events : frame of RECORDS, without copies and in the order of settle
    tool_calls : frame of TOOL_CALLS
    edits : frame of EDITS, of these calls
    model_calls : frame of MODEL_CALLS with total_tokens and cost_pico_usd (model_calls)
    lineage : session_id, parent_session_id (settle)

    Returns
    -------
    Frame of SESSIONS.
    """
    data = pd.concat(
        [
            _events(events),
            _calls(tool_calls),
            _edits(edits),
            _usage(model_calls),
            lineage.set_index("session_id"),
        ],
        axis=1,
    ).reindex(events["session_id"].drop_duplicates())
    data.index.name = "session_id"
    data[list(_ZERO)] = data[list(_ZERO)].fillna(0)
    duration_us = (data["ended_at"] - data["started_at"]).astype("int64").where(data["ended_at"].notna())
    data = data.assign(duration_s=duration_us / 1e6, outcome="unknown").reset_index()
    models = data["models"].map(lambda names: names if isinstance(names, list) else [])
    data = data.assign(models=models.astype("object"))
    return conform(data, SESSIONS).sort_values(["started_at", "session_id"], kind="stable", ignore_index=True)


def _events(events: pd.DataFrame) -> pd.DataFrame:
    """What is counted, and the first and last of what only some events say."""
    session, own = events["session_id"], is_own(events)
    told = events["is_copy"] & events["is_telemetry"]
    timed = events["ts"].where(~events["ts_quality"].isin(["clamped", "none"]))
    prompted = (events["type"] == "user_interaction") & (events["role"] == "user")
    compaction = events["native_type"].str.endswith("compact_boundary", na=False) | told
    counts = pd.DataFrame(
        {
            "events": 1,
            "human_turns": prompted & own,
            "errors": (events["type"] == "error_encountered") & own,
            "compactions": (events["type"] == "context_switch") & compaction & own,
        }
    ).astype("Int64")
    times = timed.groupby(session, sort=False).agg(["min", "max"])
    times.columns = ["started_at", "ended_at"]
    placeless = events["working_directory"].isna()
    first = (
        pd.concat([events[~placeless], events[placeless]]).drop_duplicates("session_id").set_index("session_id")[_FIRST]
    )
    prompts = events[prompted & events["summary"].notna() & (told | ~events["is_copy"])]
    prompts = prompts.sort_values("is_copy", kind="stable").drop_duplicates("session_id")  # a file's, else telemetry's
    prompts = prompts.set_index("session_id")["summary"]
    titles = events[(events["type"] == "context_switch") & events["titled"]]
    titles = titles.drop_duplicates("session_id", keep="last").set_index("session_id")["title"]
    return pd.concat(
        [first, times, counts.groupby(session, sort=False).sum(), prompts.rename("objective"), titles], axis=1
    )


def _calls(calls: pd.DataFrame) -> pd.DataFrame:
    kind, status, edit = calls["type"], calls["status"], is_edit(calls)
    test = kind == "test_run"
    counts = pd.DataFrame(
        {
            "tool_calls": 1,
            "tool_errors": status.isin(FAILURES),
            "commands": kind.isin(COMMANDS),
            "tests_run": test,
            "tests_known": test & status.isin(["ok", "error"]),
            "tests_passed": test & (status == "ok"),
            "builds": kind == "build_trigger",
            "commits": kind == "commit_created",
            "rollbacks": kind == "rollback_performed",
            "searches": kind == "search_performed",
            "lines_added": calls["lines_added"].where(edit),
            "lines_removed": calls["lines_removed"].where(edit),
        }
    ).astype("Int64")
    return counts.groupby(calls["session_id"], sort=False).sum(min_count=1)


def _edits(edits: pd.DataFrame) -> pd.DataFrame:
    session = edits.groupby("session_id", sort=False)
    return pd.DataFrame({"edits": session.size().astype("Int64"), "files_modified": session["file_path"].nunique()})


def _usage(calls: pd.DataFrame) -> pd.DataFrame:
    whole = totals(calls, [calls["session_id"]])
    by_subagents = calls[calls["thread_id"].notna()]
    theirs = totals(by_subagents, [by_subagents["session_id"]])
    named = calls[["session_id", "model"]].dropna().drop_duplicates().sort_values(["session_id", "model"])
    writes = whole[["cache_write_5m_tokens", "cache_write_1h_tokens"]]
    whole["cache_write_tokens"] = writes.fillna(0).sum(axis=1).where(writes.notna().any(axis=1))
    whole["subagent_calls"], whole["subagent_cost_usd"] = theirs["model_calls"], theirs["cost_usd"]
    return whole.assign(models=named.groupby("session_id")["model"].agg(list))
