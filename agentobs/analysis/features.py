"""Features of sessions: numbers by which they are clustered, compared and predicted, of all or of the first steps.

A *step* here is one action of the agent: a call. A prefix of n steps holds everything up to the result of the n-th
call, and nothing later; a session that ended before has its end in it.
"""

import numpy as np
import pandas as pd

from agentobs.analysis.derive.edits import CHANGES
from agentobs.analysis.steps import CHECKS
from agentobs.frames import require

KEYS = ("session_id", "agent", "project")
FEATURES = {
    "actions": "calls of tools",
    "read_share": "reads / calls",
    "search_share": "searches / calls",
    "edit_share": "writes, creations and deletions of files / calls",
    "check_share": "tests and builds / calls",
    "command_share": "other shell commands / calls",
    "failed_share": "failed calls / calls whose outcome is known",
    "known_share": "calls whose outcome is known / calls",
    "longest_failures": "failed calls in a row among those whose outcome is known, at most",
    "repeated_call_share": "calls with a tool and arguments seen before in the session / calls",
    "repeated_output_share": "calls with a result seen before in the session / calls with a result that is not empty",
    "same_file_edit_share": "edits of a file that this session edited before / edits",
    "repeated_edit_share": "edits that write a text which this session wrote before / edits whose text is known",
    "files_edited": "distinct files edited",
    "files_read": "distinct files read",
    "lines_changed": "lines added and removed by edits",
    "first_edit": "calls before the first edit of an existing file; <NA>: there is none",
    "edits_after_check": "edits after the first test, build or run of a program / edits",
    "passed_share": "tests and builds that passed / those whose outcome is known",
    "last_check_passed": "1: the last test or build whose outcome is known passed; 0: it failed",
    "regret_share": "answers in which the agent regrets, is confused or finds it did not work / answers",
    "success_share": "answers in which the agent is pleased with what it sees / answers",
    "answer_chars": "characters of an answer, median",
    "prompt_chars": "characters of the first prompt",
    "prompt_code": "lines of the first prompt that look like code or a traceback / its lines",
    "output_chars": "characters of a result, median of the results that say something",
    "output_tokens": "output tokens of a response, mean",
    "context_tokens": "tokens a response read (input and both caches), the most",
}
SIZES = ("actions", "longest_failures", "files_edited", "files_read", "lines_changed", "first_edit", "answer_chars",
         "prompt_chars", "output_chars", "output_tokens", "context_tokens")  # fmt: skip
_REGRET = (
    r"\b(?:apolog\w+|sorry|confus\w+|oversight|mistake\w*|unfortunately|still (?:not|fail\w*|having|getting|an? )"
    r"|didn't work|did not work|doesn't work|persist\w*|not what (?:we|i) expected|hasn't (?:been|changed)|strange)"
)
_PLEASED = (
    r"\b(?:great|excellent|perfect|successful\w*|as expected|works (?:now|correctly)|all tests pass\w*|good news)"
)
_CODE = r"(?m)^(?:\s{4,}\S|>>> |\s*(?:def|class|import|from|File \"|Traceback|raise|return|@\w+)\b|```|.*[;{}]\s*$)"
_NEEDED = ["session_id", "agent", "project", "kind", "type", "status", "text", "file_path", "failed", "passed",
           "argument_key", "output_key", "output_chars", "new_key", "lines_added", "lines_removed", "command",
           "response"]  # fmt: skip


def prefix(steps: pd.DataFrame, first: int) -> pd.DataFrame:
    """Return the steps of each session up to the result of its n-th call."""
    calls = (steps["kind"] == "call").to_numpy(bool)
    before = pd.Series(calls.astype(np.int64)).groupby(steps["session_id"].to_numpy()).cumsum().to_numpy() - calls
    return steps[before < first].reset_index(drop=True)


def features(steps: pd.DataFrame, model_calls: pd.DataFrame | None = None, *, first: int | None = None) -> pd.DataFrame:
    """What each session is like, as numbers.

    Parameters
    ----------
    steps : frame of STEPS, whole sessions
    model_calls : frame of MODEL_CALLS, for tokens; without it, and for responses that no step belongs to, they are <NA>
    first : only the first n calls of each session and what belongs to them; default: all

    Returns
    -------
    One row per session in the order of the steps: session_id, agent, project (str, first known), then FEATURES
    (Float64; shares in [0, 1]). A share of nothing is <NA>; a call of unknown outcome is neither failed nor passed.
    """
    require(steps, _NEEDED, "steps")
    seen = steps if first is None else prefix(steps, first)
    heads = seen[list(KEYS)].groupby("session_id", sort=False).first().reset_index()
    if heads.empty:
        return heads.assign(**{name: pd.Series(dtype="Float64") for name in FEATURES})
    counts = _Counts(seen, heads["session_id"])
    made = _actions(counts) | _repeats(counts) | _checks(counts) | _words(counts) | _tokens(counts, model_calls)
    return heads.assign(**{name: made[name].astype("Float64").to_numpy() for name in FEATURES})


class _Counts:
    """Sums of marks by session, over steps of which calls and edits are known."""

    def __init__(self, steps: pd.DataFrame, sessions: pd.Series) -> None:
        self.steps, self.sessions = steps, pd.Index(sessions)
        kind, types = steps["kind"], steps["type"]
        self.calls = (kind == "call").to_numpy(bool)
        self.failed = steps["failed"].fillna(value=False).to_numpy(bool)
        self.known = self.calls & steps["failed"].notna().to_numpy(bool)
        self.edits = self.calls & types.isin(CHANGES).to_numpy(bool) & ~self.failed
        self.answers = (kind == "answer").to_numpy(bool) & steps["text"].notna().to_numpy(bool)

    def of(self, *types: str) -> np.ndarray:
        return self.calls & self.steps["type"].isin(types).to_numpy(bool)

    def sum(self, marks: np.ndarray | pd.Series) -> pd.Series:
        numbers = pd.Series(np.asarray(marks, dtype="float64"))
        return numbers.groupby(self.steps["session_id"].to_numpy()).sum().reindex(self.sessions)

    def share(self, marks: np.ndarray, among: np.ndarray) -> pd.Series:
        """Marks among others; <NA> where there are none of those."""
        whole = self.sum(among)
        return self.sum(marks & among) / whole.where(whole > 0)

    def again(self, column: str, among: np.ndarray) -> np.ndarray:
        """Which of these rows have a value that their session had before, among them."""
        rows = self.steps.loc[among, ["session_id", column]]
        marks = np.zeros(len(self.steps), dtype=bool)
        marks[np.flatnonzero(among)] = rows.duplicated().to_numpy(bool) & rows[column].notna().to_numpy(bool)
        return marks

    def distinct(self, column: str, among: np.ndarray) -> pd.Series:
        rows = self.steps.loc[among, ["session_id", column]]
        return rows.groupby("session_id")[column].nunique().reindex(self.sessions).fillna(0)

    def middle(self, values: pd.Series, among: np.ndarray) -> pd.Series:
        chosen = values[among].astype("Float64")
        return chosen.groupby(self.steps.loc[among, "session_id"]).median().reindex(self.sessions)


def _actions(counts: _Counts) -> dict[str, pd.Series]:
    steps, calls = counts.steps, counts.calls
    number = pd.Series(calls.astype(np.int64)).groupby(steps["session_id"].to_numpy()).cumsum() - 1
    changed = counts.edits & (steps["type"] != "file_create").to_numpy(bool)
    first = number[changed].groupby(steps.loc[changed, "session_id"].to_numpy()).min().reindex(counts.sessions)
    lines = steps["lines_added"].fillna(0) + steps["lines_removed"].fillna(0)
    return {
        "actions": counts.sum(calls),
        "read_share": counts.share(counts.of("file_read"), calls),
        "search_share": counts.share(counts.of("search_performed"), calls),
        "edit_share": counts.share(counts.edits, calls),
        "check_share": counts.share(counts.of(*CHECKS), calls),
        "command_share": counts.share(counts.of("command_execute"), calls),
        "failed_share": counts.share(counts.failed, counts.known),
        "known_share": counts.share(counts.known, calls),
        "longest_failures": _longest(counts),
        "files_edited": counts.distinct("file_path", counts.edits),
        "files_read": counts.distinct("file_path", counts.of("file_read")),
        "lines_changed": counts.sum(lines.astype("float64").where(pd.Series(counts.edits, index=lines.index), 0.0)),
        "first_edit": first,
    }


def _longest(counts: _Counts) -> pd.Series:
    """The longest run of failures among the calls whose outcome is known; <NA> where none is."""
    rows = np.flatnonzero(counts.known)
    sessions, failed = counts.steps["session_id"].to_numpy()[rows], counts.failed[rows]
    if not len(rows):
        return pd.Series(np.nan, index=counts.sessions)
    starts = np.r_[True, (sessions[1:] != sessions[:-1]) | (failed[1:] != failed[:-1])]
    runs = pd.DataFrame({"session": sessions, "run": np.cumsum(starts), "failed": failed})
    lengths = runs.groupby(["session", "run"])["failed"].sum()
    return lengths.groupby("session").max().reindex(counts.sessions)


def _repeats(counts: _Counts) -> dict[str, pd.Series]:
    steps, edits = counts.steps, counts.edits
    said = (
        counts.calls & steps["output_key"].notna().to_numpy(bool) & (steps["output_chars"].fillna(0) > 0).to_numpy(bool)
    )
    wrote = edits & steps["new_key"].notna().to_numpy(bool)
    return {
        "repeated_call_share": counts.share(counts.again("argument_key", counts.calls), counts.calls),
        "repeated_output_share": counts.share(counts.again("output_key", said), said),
        "same_file_edit_share": counts.share(counts.again("file_path", edits), edits),
        "repeated_edit_share": counts.share(counts.again("new_key", wrote), wrote),
        "output_chars": counts.middle(steps["output_chars"], said),
    }


def _checks(counts: _Counts) -> dict[str, pd.Series]:
    steps = counts.steps
    tried = counts.of(*CHECKS, "command_execute")
    number = pd.Series(tried.astype(np.int64)).groupby(steps["session_id"].to_numpy()).cumsum().to_numpy()
    decided = counts.of(*CHECKS) & steps["passed"].notna().to_numpy(bool)
    passed = steps["passed"].fillna(value=False).to_numpy(bool)
    last = pd.Series(passed[decided].astype("float64")).groupby(steps.loc[decided, "session_id"].to_numpy()).last()
    return {
        "edits_after_check": counts.share(number > 0, counts.edits),
        "passed_share": counts.share(passed, decided),
        "last_check_passed": last.reindex(counts.sessions),
    }


def _words(counts: _Counts) -> dict[str, pd.Series]:
    steps, answers = counts.steps, counts.answers
    said = steps["text"].astype("str")
    regret, pleased = np.zeros(len(steps), dtype=bool), np.zeros(len(steps), dtype=bool)
    rows = np.flatnonzero(answers)
    words = said.iloc[rows].str.slice(0, 1000)
    regret[rows] = words.str.contains(_REGRET, case=False, na=False).to_numpy(bool)
    pleased[rows] = words.str.contains(_PLEASED, case=False, na=False).to_numpy(bool)
    prompts = steps[(steps["kind"] == "prompt").to_numpy(bool) & steps["text"].notna().to_numpy(bool)]
    asked = prompts.drop_duplicates("session_id").set_index("session_id")["text"]
    lines = asked.str.count("\n") + 1
    return {
        "regret_share": counts.share(regret, answers),
        "success_share": counts.share(pleased, answers),
        "answer_chars": counts.middle(said.str.len(), answers),
        "prompt_chars": asked.str.len().reindex(counts.sessions),
        "prompt_code": (asked.str.count(_CODE) / lines).clip(upper=1).reindex(counts.sessions),
    }


def _tokens(counts: _Counts, model_calls: pd.DataFrame | None) -> dict[str, pd.Series]:
    unknown = pd.Series(np.nan, index=counts.sessions)
    if model_calls is None or model_calls.empty:
        return {"output_tokens": unknown, "context_tokens": unknown}
    lanes = ["input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"]
    require(model_calls, ["usage_key", "output_tokens", *lanes], "model_calls")
    asked = counts.steps.loc[counts.steps["response"].notna(), ["session_id", "response"]].drop_duplicates()
    read = model_calls[lanes].sum(axis=1, min_count=1).rename("read")
    used = pd.concat([model_calls[["usage_key", "output_tokens"]], read], axis=1).drop_duplicates("usage_key")
    known = asked.merge(used, left_on="response", right_on="usage_key").groupby("session_id")
    return {
        "output_tokens": known["output_tokens"].mean().reindex(counts.sessions),
        "context_tokens": known["read"].max().reindex(counts.sessions),
    }
