"""The notebooks that may become reports: those of our folder, named by what follows their number."""

import difflib
import re
from pathlib import Path

import agentobs
from agentobs.errors import ReportError

NUMBERED = re.compile(r"\d\d_([a-z0-9_]+)\.ipynb")


def folder() -> Path:
    """Return the folder of notebooks: inside the installed package, else the one of the checkout."""
    package = Path(agentobs.__file__).parent
    for place in (package / "_notebooks", package.parent / "notebooks"):
        if place.is_dir():
            return place
    raise ReportError(f"no notebooks were installed with {package}; install agentobs again")


def names(where: Path | None = None) -> dict[str, Path]:
    """Return {name: notebook}: 01_usage_and_sessions.ipynb is `usage_and_sessions`, and `usage` for short."""
    found: dict[str, Path] = {}
    for path in sorted((where or folder()).glob("*.ipynb")):
        match = NUMBERED.fullmatch(path.name)
        if match:
            found.setdefault(match[1].partition("_")[0], path)
            found.setdefault(match[1], path)
    return found


def find(name: str, where: Path | None = None) -> Path:
    """Return the notebook of the report `name`; raise ReportError when there is none."""
    known = names(where)
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    raise ReportError(f"no report is named {name!r}{hint}; there are {', '.join(sorted(known)) or 'none'}")
