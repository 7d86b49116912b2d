"""Edits outside the modules that the objective names or the first edits touched.

A module is a folder of source files, at most `depth` parts deep below the project and below containers like `src`.
Tests, documents, configuration, scratch files and files at the top follow from anything and never drift; each prompt
widens the scope by what it names. Work that rightly needs another module looks the same: the confidence is low.
On labelled sessions (`agentobs detectors bench`): precision 1, recall 1, measured after version 2 had been made with
those sessions known; a single edit outside, or one in sixteen, is drift by the words of the definition and not found.
"""

import re
from collections.abc import Iterator

import pandas as pd

from agentobs.analysis.detectors._base import Detector, Hit, hits
from agentobs.analysis.detectors._checks import is_configuration, is_document
from agentobs.analysis.detectors._endings import sessions_of
from agentobs.analysis.detectors._sequences import edits_of, of_kinds
from agentobs.analysis.detectors._test_files import is_test_file

_CONTAINERS = frozenset(("src", "lib", "libs", "packages", "apps", "app", "crates", "internal", "pkg", "cmd", "modules",
                         "plugins", "services", "components", "source", "main", "java", "python"))  # fmt: skip
_COMPANIONS = re.compile(
    r"(?:^|/)(?:test[_-]?\w*|samples?|docs?|examples?|fixtures|migrations|locale|locales|i18n|translations|assets"
    r"|public|static|node_modules|dist|build"
    r"|tmp|temp|scratch|\.[\w-]+)/|\A(?:/private)?/tmp/|\A/var/|(?:^|/)(?:reproduce|repro|debug|try|scratch"
    r"|demo)\w*\.\w+\Z|\.lock\Z",
    re.IGNORECASE,
)
_ELSEWHERE = ("/tmp/", "/var/")  # noqa: S108 (no file is made there)
_PATH = re.compile(r"[\w.~-]*(?:/[\w.-]+)+")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]{2,}")


def find(
    steps: pd.DataFrame, *, first_edits: int = 3, at_least: int = 3, when_named: int = 2, share: float = 0.25,
    depth: int = 2, wide_words: int = 400,
) -> pd.DataFrame:  # fmt: skip
    """Sessions whose later edits left the scope.

    Parameters
    ----------
    steps : frame of STEPS
    first_edits : edits of source files that set the scope, beside the objective
    at_least : edits outside it that count
    when_named : edits that count where a prompt names a file that the first edits changed: then the scope was told
    share : of the edits after the first ones that these must be, in [0, 1]
    depth : parts of a module's path
    wide_words : a prompt of more words names so much that its words say nothing: only its paths count then

    Returns
    -------
    HITS, one per session. Evidence: the edits outside. Severity: medium where they are at least half of the edits
    after the first ones, else low. Confidence: 0.5; 0.4 where no prompt's text is known. Nothing was certainly in vain.
    Edits without a path, and sessions without a prompt, say nothing.
    """
    return hits(_found(steps, first_edits, at_least, min(when_named, at_least), share, depth, wide_words))


def _found(
    steps: pd.DataFrame, first_edits: int, at_least: int, when_named: int, share: float, depth: int, wide_words: int
) -> Iterator[Hit]:
    chosen = of_kinds(steps, "prompt", "call")
    edited = edits_of(chosen) & (chosen["kind"] == "call").to_numpy(bool) & chosen["file_path"].notna().to_numpy(bool)
    kinds, rows = chosen["kind"].tolist(), chosen.index.to_numpy()
    paths, texts, projects = (chosen[name].tolist() for name in ("file_path", "text", "project"))
    for session in sessions_of(chosen):
        changed = session[edited[session]].tolist()
        if len(changed) < first_edits + when_named:
            continue
        root = _root([paths[one] for one in changed], projects[session[0]])
        edits = {one: path for one in changed if (path := _source(paths[one], root)) is not None}
        if len(edits) < first_edits + when_named or kinds[session[0]] not in {"prompt", "call"}:
            continue
        prompts = [one for one in session.tolist() if kinds[one] == "prompt"]
        if not prompts:
            continue
        outside, later = _outside(session.tolist(), edits, kinds, texts, first_edits, depth, wide_words)
        told = _is_told([edits[one] for one in list(edits)[:first_edits]], [texts[one] for one in prompts])
        if len(outside) < max(when_named if told else at_least, share * later):
            continue
        modules = sorted({_module(edits[one], depth) for one in outside})
        known = any(isinstance(texts[one], str) for one in prompts)
        said = f"{len(outside)} of {later} later edits are outside the modules of the objective and the first edits: "
        said += ", ".join(modules[:4]) + (f" and {len(modules) - 4} more" if len(modules) > 4 else "")
        yield Hit(rows[outside], [], "medium" if 2 * len(outside) >= later else "low", 0.5 if known else 0.4, said)


def _is_told(first: list[str], prompts: list) -> bool:
    """Tell whether a prompt names one of the files that were changed first."""
    said = "\n".join(text for text in prompts if isinstance(text, str))
    names = {re.escape(name) for path in first for name in (path, path.rsplit("/", 1)[-1]) if "." in name}
    return bool(names) and re.search(rf"(?<![\w.-])(?:{'|'.join(sorted(names))})(?![\w-])", said) is not None


def _outside(
    session: list[int],
    edits: dict[int, str],
    kinds: list[str],
    texts: list,
    first_edits: int,
    depth: int,
    wide_words: int,
) -> tuple[list[int], int]:
    """Return the edits outside, and how many came after those that set the scope."""
    scope: set[str] = set()
    named: set[str] = set()
    said = ""
    count = 0
    outside: list[int] = []
    for one in session:
        if kinds[one] == "prompt" and isinstance(texts[one], str):
            said += "\n" + texts[one].lower()
            if len(texts[one].split()) <= wide_words:
                named |= {word.lower() for word in _WORD.findall(_PATH.sub(_end_of, texts[one]))} - _CONTAINERS
        elif one in edits:
            count += 1
            path, module = edits[one], _module(edits[one], depth)
            if count <= first_edits:
                scope.add(module)
            elif module not in scope and not _is_named(path, module, named, said):
                outside.append(one)
    return outside, count - first_edits


def _end_of(path: re.Match[str]) -> str:
    """The end of a path: the folders above it hold more than what was named."""
    return " ".join(path[0].split("/")[-2:])


def _is_named(path: str, module: str, named: set[str], said: str) -> bool:
    low = path.lower()
    stem = low.rsplit("/", 1)[-1].split(".")[0]
    parts = {
        word
        for part in (*module.lower().split("/"), stem)
        for word in (part, *re.split(r"[-_.]", part))
        if len(word) > 2
    }
    parts |= {word[:-1] for word in parts if word.endswith("s")} | {word + "s" for word in parts}
    return bool(parts & named) or low in said or f"{module.lower()}/" in said or stem in named


def _module(path: str, depth: int) -> str:
    parts = path.split("/")[:-1]
    start = 0
    while start < len(parts) - 1 and parts[start] in _CONTAINERS:
        start += 1
    return "/".join(parts[: start + depth])


def _source(path: str, root: str) -> str | None:
    """Return the path of a source file below the root; None for what belongs to no module or follows from anything."""
    plain = path.replace("\\", "/")
    if (
        _COMPANIONS.search(plain.removeprefix(root))
        or is_test_file(plain)
        or is_document(plain)
        or is_configuration(plain)
    ):
        return None
    if plain.startswith(root):
        plain = plain[len(root) :]
    elif plain.startswith("/"):
        return None
    plain = plain.removeprefix("./").strip("/")
    return plain if "/" in plain else None


def _root(paths: list[str], project: object) -> str:
    plain = [path.replace("\\", "/") for path in paths]
    if isinstance(project, str) and any(path.startswith(project.rstrip("/") + "/") for path in plain):
        return project.rstrip("/") + "/"
    absolute = [path for path in plain if path.startswith("/") and not path.startswith(_ELSEWHERE)]
    if not absolute:
        return ""
    return "/" + absolute[0].split("/")[1] + "/"


DETECTOR = Detector(
    name="scope_drift",
    version=2,
    title="Out of scope",
    definition="At least 3 edits (2 if a file was named), a quarter of the later ones, outside the task's modules.",
    source="agentobs",
    find=find,
)
