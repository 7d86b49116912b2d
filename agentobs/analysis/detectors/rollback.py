"""Work taken back inside the session: by git, by an editor's undo, or by an edit that is the inverse of an earlier one.

Moving between branches, unstaging and `git stash` with a later `pop` take nothing back. An agent that rewrites a file
whole, or whose edits do not say what they replaced, takes back unseen.
"""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._commands import Simple, commands
from agentobs.analysis.detectors._sequences import base_name, edits_of, flags, of_kinds, threads

_WORTH_A_LOOK = (
    r"\bgit\b.*\b(?:checkout|restore|reset|revert|stash|clean|apply)\b|\bundo_edit\b|\bsvn revert\b|\bhg revert\b"
)
_UNDOES = re.compile(r"\A\{[^{]*\"command\": ?\"undo_edit\"|\Aundo_edit\b")
_UNDO_TOOLS = r"\A(?:undo|undo_edit|revert|rollback|restore)(?:_\w+)?\Z"
_EVERYTHING = (".", ":/", "*", "./")
_FILE = re.compile(r"[\w./@+~-]*\w\.\w{1,10}\Z|.*/.*")


def find(steps: pd.DataFrame, *, inverse_edits: bool = True) -> pd.DataFrame:
    """Calls that took earlier work back.

    Parameters
    ----------
    steps : frame of STEPS
    inverse_edits : whether an edit counts that replaces what an earlier edit of the file wrote by what that replaced

    Returns
    -------
    HITS, one per call that took something back. Evidence: the call, and the edits of the session that it undid, where
    that is known (files named, or everything); these were in vain. Severity: medium where edits of this session are
    known to be undone, else low. Confidence: 0.95; 0.8 where the outcome of the call is unknown or no edit of the
    session is known to be undone. A call that failed or was denied took nothing back.
    """
    return hits(_found(steps, inverse_edits))


def _found(steps: pd.DataFrame, inverse_edits: bool) -> Iterator[Hit]:
    calls = of_kinds(steps, "call")
    failed = flags(calls["failed"])
    undoes = _undoing(calls)
    edited = edits_of(calls)
    rows, paths = calls.index.to_numpy(), calls["file_path"].tolist()
    unknown = calls["failed"].isna().to_numpy(bool)
    old, new = (
        calls[name].astype("object").where(calls[name].notna(), None).tolist() for name in ("old_key", "new_key")
    )
    commits = (calls["type"] == "commit_created").to_numpy(bool) & ~failed
    worth = np.zeros(len(calls), dtype=bool)
    worth[list(undoes)] = True
    for thread in threads(calls):
        if not worth[thread].any() and not (inverse_edits and edited[thread].sum() > 1):
            continue
        live: list[int] = []  # edits that nothing has committed or undone yet
        for one in thread.tolist():
            undone: list[int] | None = None
            how, files = "", None
            if one in undoes and not failed[one]:
                how, files = undoes[one]
                undone = [row for row in live if files is None or _names(files, paths[row])]
                undone = undone[-1:] if how == "undo" else undone
            elif edited[one]:
                match = _inverse(one, live, old, new, paths) if inverse_edits else None
                if match is None:
                    live.append(one)
                else:
                    how, undone = "an inverse edit", [match]
            if undone is not None:
                live = [row for row in live if row not in undone]
                yield _hit(rows, one, undone, how, sure=not unknown[one])
            elif commits[one]:
                live = []


def _inverse(one: int, live: list[int], old: list, new: list, paths: list) -> int | None:
    if old[one] is None or new[one] is None or old[one] == new[one] or not isinstance(paths[one], str):
        return None
    same = (row for row in reversed(live) if paths[row] == paths[one])
    return next((row for row in same if old[row] == new[one] and new[row] == old[one]), None)


def _undoing(calls: pd.DataFrame) -> dict[int, tuple[str, list[str] | None]]:
    """Return the places of calls that take work back: how, and which files (None: everything)."""
    made: dict[int, tuple[str, list[str] | None]] = {}
    lines = calls["command"]
    for place in np.flatnonzero(lines.str.contains(_WORTH_A_LOOK, na=False).to_numpy(bool)).tolist():
        found = _of_line(str(lines.iat[place]))
        if found is not None and not (found[0] == "git stash" and _is_popped(calls, place)):
            made[place] = found
    undo = calls["tool_name"].str.contains(_UNDO_TOOLS, case=False, na=False)
    undo |= calls["text"].str.contains("undo_edit", regex=False, na=False)
    for place in np.flatnonzero(undo.to_numpy(bool)).tolist():
        text, path = calls["text"].iat[place], calls["file_path"].iat[place]
        if isinstance(text, str) and "undo_edit" in text and not _UNDOES.search(text):
            continue
        made[place] = ("undo", [path] if isinstance(path, str) else None)
    return made


def _is_popped(calls: pd.DataFrame, place: int) -> bool:
    session = calls["session_id"].iat[place]
    later = calls["command"].iloc[place : place + 200][calls["session_id"].iloc[place : place + 200] == session]
    return bool(later.str.contains(r"\bgit\b.*\bstash (?:pop|apply)\b", na=False).any())


def _of_line(line: str) -> tuple[str, list[str] | None] | None:
    for simple in commands(line):
        found = _of_git(simple) if simple.name == "git" else None
        if simple.name in {"svn", "hg"} and simple.words[:1] == ("revert",):
            found = (f"{simple.name} revert", _files(simple.words[1:]))
        if found is not None:
            return found
    return None


def _of_git(simple: Simple) -> tuple[str, list[str] | None] | None:  # noqa: PLR0911 (a table of subcommands)
    words = list(simple.words)
    while words[:1] and words[0] in {"-C", "-c"}:
        words = words[2:]
    sub, rest = (words[0], tuple(words[1:])) if words else ("", ())
    options = {word for word in rest if word.startswith("-")}
    if sub == "restore":
        only_index = "--staged" in options and not {"--worktree", "-W"} & options
        return None if only_index else ("git restore", _files(rest))
    if sub == "checkout" and not {"-b", "-B", "--orphan", "--track", "-t"} & options:
        named = rest[rest.index("--") + 1 :] if "--" in rest else tuple(word for word in rest if _is_file(word))
        return ("git checkout", _files(named)) if named else None
    if sub == "reset" and options & {"--hard", "--merge", "--keep"}:
        return ("git reset --hard", None)
    if sub == "reset" and any(word.startswith(("HEAD~", "HEAD^", "@~")) for word in rest):
        return ("git reset", [])
    if sub == "revert" and not options & {"--abort", "--continue", "--quit"}:
        return ("git revert", [])
    if sub == "stash" and (not rest or rest[0] in {"push", "save", "-u", "--include-untracked"}):
        return ("git stash", None)
    return ("git apply -R", []) if sub == "apply" and options & {"-R", "--reverse"} else None


def _is_file(word: str) -> bool:
    return (
        not word.startswith("-")
        and (word in _EVERYTHING or _FILE.match(word) is not None)
        and not re.match(r"(?:origin|upstream|feature|feat|fix|bugfix|hotfix|release|refs|tags)/|v?\d+\.\d", word)
    )


def _files(words: tuple[str, ...]) -> list[str] | None:
    named = [word for word in words if not word.startswith("-")]
    return None if set(named) & set(_EVERYTHING) else named


def _names(files: list[str], path: object) -> bool:
    if not isinstance(path, str):
        return False
    plain = path.replace("\\", "/")
    return any(
        plain == file or plain.endswith("/" + file.removeprefix("./")) or f"/{file.strip('./')}/" in plain
        or (base_name(file) == base_name(plain) and file.startswith("/"))
        for file in files
    )  # fmt: skip


def _hit(rows: np.ndarray, one: int, undone: list[int], how: str, *, sure: bool) -> Hit:
    said = {"undo": "an editor's undo"}.get(how, how)
    count = len(undone)
    what = f"{count} earlier edit{'s' * (count > 1)} of this session" if count else "earlier work"
    wasted = [*rows[undone], rows[one]] if how == "an inverse edit" else rows[undone]
    confidence = 0.95 if sure and count else 0.8
    return Hit([*rows[undone], rows[one]], wasted, "medium" if count else "low", confidence, f"{said} took {what} back")


DETECTOR = Detector(
    name="rollback",
    version=1,
    title="Work taken back",
    definition="git checkout of files, restore, reset, revert, an undo, or an edit that inverts an earlier one.",
    source="agentobs",
    find=find,
)
