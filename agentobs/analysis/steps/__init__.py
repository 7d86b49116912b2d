"""Steps: the session as detectors read it, one row per thing done, calls joined with their results and their words."""

from typing import Any

import numpy as np
import pandas as pd

from agentobs.analysis.derive.sessions import COMMANDS
from agentobs.analysis.steps import arguments, outputs
from agentobs.analysis.tools import FAILURES
from agentobs.frames import STEPS, conform, require

CHECKS = ("test_run", "build_trigger")
_TIMED = ("exact", "naive")
_TOKENS_AFTER = ("event_msg/token_count", "tokens")  # Codex, Aider
_EVENTS = ["event_id", "ts", "ts_quality", "seq", "session_id", "thread_id", "agent", "project", "type", "role",
           "status", "native_type", "usage_key", "model", "is_copy", "summary"]  # fmt: skip
_CALL = ["session_id", "thread_id", "agent", "project", "type", "event_id", "result_event_id", "started_at", "ended_at",
         "duration_ms", "model", "tool_name", "target", "status", "exit_code", "file_path", "lines_added",
         "lines_removed"]  # fmt: skip


def steps(
    events: pd.DataFrame, tool_calls: pd.DataFrame, messages: pd.DataFrame, contents: pd.DataFrame
) -> pd.DataFrame:
    """What was done in each session, in order.

    Parameters
    ----------
    events : frame of EVENTS
    tool_calls : frame of TOOL_CALLS, of the same sessions
    messages : frame of MESSAGES, of the same sessions
    contents : frame of CONTENTS: what is missing there is <NA> in text and output, and what follows from them

    Returns
    -------
    Frame of STEPS, by session in the order of the first event, then by step. Sidechain copies are left out.
    """
    require(events, _EVENTS, "events")
    require(contents, ["event_id", "text"], "contents")
    ordered = _ordered(events)
    place = pd.Series(np.arange(len(ordered)), index=pd.Index(ordered["event_id"]))
    texts = dict(zip(contents["event_id"].tolist(), contents["text"].tolist(), strict=True))
    rows = [_calls(tool_calls, ordered, texts), _said(messages, ordered), _marks(ordered)]
    whole = pd.concat([row.reindex(columns=[*STEPS.names]) for row in rows if len(row)] or [_none()], ignore_index=True)
    whole["_place"] = place.reindex(whole["event_id"]).to_numpy()
    whole = whole[whole["_place"].notna()].sort_values("_place", kind="stable", ignore_index=True)
    whole["step"] = whole.groupby("session_id", sort=False).cumcount()
    return conform(whole, STEPS)


def _none() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype="object") for name in STEPS.names})


def _ordered(events: pd.DataFrame) -> pd.DataFrame:
    """Events that are no copies, session by session, each in its own order."""
    own = events.loc[~events["is_copy"].fillna(value=False).astype(bool), _EVENTS]
    first = own.groupby("session_id")["ts"].transform("min")
    ordered = own.assign(_first=first).sort_values(
        ["_first", "session_id", "ts", "seq", "event_id"], kind="stable", ignore_index=True
    )
    return ordered.assign(_response=_responses(ordered))


def _responses(events: pd.DataFrame) -> pd.Series:
    """The response that each event is a part of.

    Where the events of a session that are no answers never name theirs, it is the latest response whose tokens were
    recorded before, or, for agents that record tokens after the answer, the next one.
    """
    key, kind = events["usage_key"], events["type"]
    told = key.notna() & ~kind.isin(["llm_response", "llm_request", "session_end"])
    silent = ~events["session_id"].isin(events["session_id"][told].unique())
    counted = key.where(kind.isin(["llm_response", "llm_request"]) & silent)
    after = events["native_type"].isin(_TOKENS_AFTER)
    thread = [events["session_id"], events["thread_id"].fillna("")]
    before = counted.mask(after).groupby(thread, sort=False).ffill()
    later = counted.where(after).groupby(thread, sort=False).bfill()
    return key.where(key.notna() | ~silent, before.where(before.notna(), later))


def _calls(tool_calls: pd.DataFrame, events: pd.DataFrame, texts: dict[str, Any]) -> pd.DataFrame:
    """One row per call, with what its arguments and its result say."""
    require(tool_calls, _CALL, "tool_calls")
    found = tool_calls[_CALL].copy()
    calls, results = found["event_id"], found["result_event_id"]
    found["kind"] = "call"
    found["text"], found["output"] = calls.map(texts.get), results.map(texts.get)
    found["event_id"] = calls.where(calls.notna(), results)
    about = events.drop_duplicates("event_id").set_index("event_id")
    found["response"] = about["_response"].reindex(found["event_id"]).to_numpy()
    found["timed"] = about["ts_quality"].isin(_TIMED).reindex(found["event_id"]).to_numpy()
    given = ["tool_name", "type", "target", "text", "output", "status", "exit_code"]
    read = [_read(*row) for row in zip(*(_plain(found[name]) for name in given), strict=True)]
    shown = _column("file_path", read)
    found["file_path"] = found["file_path"].where(found["file_path"].notna(), shown.to_numpy())
    return found.assign(**{name: _column(name, read) for name in _READ})


_READ = ("text", "output", "output_chars", "command", "argument_key", "output_key", "error_key", "old_text",
         "new_text", "old_key", "new_key", "read_range", "named_files", "failing", "failed_tests", "passed", "failed",
         "open_todos")  # fmt: skip


def _read(
    tool: str | None, kind: str, target: str | None, text: str | None, output: str | None, status: str | None,
    exit_code: int | None,
) -> dict[str, Any]:  # fmt: skip
    """What one call's arguments and result say, by column."""
    given = arguments.read(tool, kind, text if text is not None else target)
    made: dict[str, Any] = {
        "text": None if text is None else text[: arguments.MOST_TEXT],
        "argument_key": given.key,
        "old_text": _clipped(given.old),
        "new_text": _clipped(given.new),
        "old_key": None if given.old is None else arguments.key_of(given.old),
        "new_key": None if given.new is None else arguments.key_of(given.new),
        "read_range": given.range,
        "open_todos": given.open_todos,
    }
    if kind in COMMANDS or (kind == "search_performed" and text is not None and not text.startswith("{")):
        made["command"] = made["text"] if text is not None else target
        shown = arguments.printed(made["command"]) if made["command"] else None
        made["file_path"], made["read_range"] = shown or (None, None)
    passed = outputs.verdict(status, exit_code, output) if kind in CHECKS else None
    made["passed"] = passed
    made["failed"] = True if status in FAILURES or passed is False else False if status == "ok" or passed else None
    if exit_code is not None and made["failed"] is None:
        made["failed"] = exit_code != 0
    if output is not None:
        made |= _of_output(tool, kind, output, failed=bool(made["failed"]))
    return made


def _of_output(tool: str | None, kind: str, output: str, *, failed: bool) -> dict[str, Any]:
    shown = outputs.shown(output)
    made: dict[str, Any] = {
        "output": shown,
        "output_chars": len(output),
        "output_key": outputs.output_key(shown),
        "error_key": outputs.error_key(tool, shown) if failed else None,
    }
    if kind == "test_run":
        made |= {"failing": outputs.failing_tests(shown), "failed_tests": outputs.failed_count(shown)}
    if kind in {"search_performed", "command_execute"}:
        made["named_files"] = outputs.named_files(shown)
    return made


def _said(messages: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """One row per message."""
    names = ["event_id", "session_id", "thread_id", "agent", "project", "model", "native_type", "role", "is_human"]
    require(messages, [*names, "ts", "text"], "messages")
    found = messages[[*names, "ts", "text"]].rename(columns={"ts": "started_at"})
    about = events.drop_duplicates("event_id").set_index("event_id").reindex(found["event_id"])
    found = found.assign(
        type=about["type"].to_numpy(),
        status=about["status"].to_numpy(),
        response=about["_response"].to_numpy(),
        timed=about["ts_quality"].isin(_TIMED).to_numpy(),
        target=about["summary"].to_numpy(),
        ended_at=found["started_at"],
        text=found["text"].str.slice(0, arguments.MOST_TEXT),
    )
    found = found[found["type"] != "context_switch"]  # marks have those
    thought = found["native_type"].str.contains("think|thought|reason", case=False, na=False)
    kind = pd.Series("note", index=found.index, dtype="object")
    kind = kind.mask(found["type"] == "llm_response", "answer")
    kind = kind.mask((kind == "answer") & thought, "thought")
    kind = kind.mask(found["is_human"].fillna(value=False).astype(bool), "prompt")
    kind = kind.mask((kind == "note") & (found["status"] == "interrupted"), "interrupt")
    return found.assign(kind=kind)


def _marks(events: pd.DataFrame) -> pd.DataFrame:
    """One row per compaction, error and end of a session."""
    kind = events["type"].map({"error_encountered": "error", "session_end": "end"}).astype("object")
    compaction = events["native_type"].str.endswith("compact_boundary", na=False)
    kind = kind.mask((events["type"] == "context_switch") & compaction, "compaction")
    found = events[kind.notna()]
    return found.assign(
        kind=kind[kind.notna()],
        started_at=found["ts"],
        ended_at=found["ts"],
        timed=found["ts_quality"].isin(_TIMED),
        response=found["usage_key"],
        target=found["summary"],
    )


def _plain(column: pd.Series) -> list[Any]:
    """A column as Python values; missing ones are None."""
    return column.astype("object").where(column.notna(), None).tolist()


def _column(name: str, read: list[dict[str, Any]]) -> pd.Series:
    kinds = {column.name: column.kind for column in STEPS.columns}
    values = [row.get(name) for row in read]
    dtype = {"str": "str", "int": "Int64", "bool": "boolean", "object": "object"}[kinds[name]]
    return pd.Series(values, dtype=dtype)


def _clipped(text: str | None) -> str | None:
    return None if text is None else text[: arguments.MOST_EDIT]
