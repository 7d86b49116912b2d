"""Which calls check the work (a test, a build, a run of the program, a linter) and what came of it."""

import re
from functools import lru_cache

import numpy as np
import pandas as pd

from agentobs.analysis.detectors._sequences import edits_of
from agentobs.analysis.once import once_per_frame
from agentobs.analysis.steps import CHECKS

NONE, UNKNOWN, FAILED, PASSED = -1, 0, 1, 2

_RUN = re.compile(
    r"(?:^|[;&|(\n]|\b(?:sudo|time|exec|env|then|do|timeout \S+|xvfb-run)\s)\s*(?:\w+=\S*\s+)*(?:\S*/)?(?:"
    r"(?:python|pypy|node|ruby|php|perl|lua|deno|bun|julia|Rscript|ipython|tsx|ts-node|java|scala|elixir|ghc"
    r"|runghc)[\d.]*"
    r"(?!\s+(?:-m\s+(?:pip|venv)|-V\b|--version|-v\b|install|add))\s+\S"
    r"|(?:npm|pnpm|yarn)\s+(?:start|run|exec|dev|lint|check|typecheck|type-check)\b|npx\s|uvx\s"
    r"|(?:uv|poetry|pipenv|pdm|hatch|cargo|go|dotnet|swift|flutter|mix|sbt|stack|gradle|mvn)\s+(?:run|exec|vet"
    r"|clippy|check|analyze)\b"
    r"|(?:mypy|pyright|basedpyright|ruff|eslint|flake8|pylint|biome|shellcheck|golangci-lint|rubocop|prettier"
    r"|stylelint|svelte-check"
    r"|tsc|pre-commit|lint-imports|ty|actionlint|hadolint|yamllint|terraform|ansible-playbook|curl|wget|http"
    r"|uvicorn|flask|gunicorn"
    r"|streamlit|jupyter|django-admin|bunx|psql|sqlite3|mysql|valgrind|gdb|lldb|make|just|godot)(?:\s|\Z)"
    r"|docker(?:-compose|\s+compose)?\s+(?:run|up|exec|build)\b|kubectl\s+(?:apply|rollout)\b|helm\s+(?:lint"
    r"|template|install)\b)"
    r"|(?:^|[;&|(\n]\s*)\s*\.{0,2}/?[\w./-]+\.(?:py|sh|js|rb|pl)(?=\s|\Z)|(?:^|[;&|(\n]\s*)\s*\./\S+|(?:^"
    r"|[;&|(\n]\s*)(?:bash|sh|zsh)\s+(?!-)\S+",
    re.MULTILINE,
)
_NO_RUN = re.compile(
    r"^\s*(?:\w+=\S+\s+)*(?:open_file|goto_line|scroll_\w+|search_\w+|find_file|edit_file\w*|create_file"
    r"|insert_content\w*"
    r"|append_file|print\(edit_file|%pip|%cd)\b"
    r"|\A\s*(?:sudo )?(?:python[\d.]* -m )?(?:pip|npm|yarn|pnpm|apt|apt-get|brew|conda|uv) (?:install|i|ci|add"
    r"|update|sync)\b[^;&|\n]*\Z"
)
_CELLS = ("run_ipython", "ipython", "execute_ipython_cell", "jupyter_execute")
_LOOKING = r"lint|diagnos|get_errors|typecheck|browser|screenshot|playwright|puppeteer|run_code|execute_code|problems"
_CONFIGURATION = re.compile(
    r"\.(?:json|jsonc|json5|ya?ml|toml|ini|cfg|conf|lock|properties|env|xml|plist)\Z|(?:^"
    r"|/)\.[\w.-]+\Z",
    re.IGNORECASE,
)
_FILTERED = re.compile(r"\|\s*(?:grep|egrep|rg)\b(?:[^|;&\"']|\"[^\"]*\"|'[^']*')*\Z")
_DOCUMENT = re.compile(
    r"\.(?:md|mdx|markdown|rst|txt|adoc|org|tex|csv|tsv|log|patch|diff|svg|png|jpg|gif|ico|pdf|docx?)\Z"
    r"|(?:^|/)(?:LICENSE|CHANGELOG|README|NOTICE|AUTHORS|TO[D]O|\.gitignore|\.gitattributes|\.env\.example)\w*\Z",
    re.IGNORECASE,
)


@once_per_frame
def checks_of(steps: pd.DataFrame) -> np.ndarray:
    """Return what came of each step as a check of the work: NONE (it is none), UNKNOWN, FAILED or PASSED.

    Tests and builds say it by `passed`; a run of a program, a linter, a look by a browser by `failed`. A call without
    a result, denied or interrupted is UNKNOWN.
    """
    calls = (steps["kind"] == "call").to_numpy(bool)
    tested = calls & steps["type"].isin(CHECKS).to_numpy(bool)
    ran = np.zeros(len(steps), dtype=bool)
    plain = np.flatnonzero(calls & (steps["type"] == "command_execute").to_numpy(bool))
    tools, commands = (steps[name].array[plain].tolist() for name in ("tool_name", "command"))
    ran[plain] = [_runs(tool, command) for tool, command in zip(tools, commands, strict=True)]
    ran |= (
        calls
        & (steps["type"] == "tool_invocation").to_numpy(bool)
        & steps["tool_name"].str.contains(_LOOKING, case=False, na=False).to_numpy(bool)
    )
    good = np.where(tested, _known(steps["passed"]), -_known(steps["failed"]))
    good[steps["status"].isin(["denied", "interrupted"]).to_numpy(bool)] = 0
    good[_silenced(steps, tested & (good < 0))] = 0
    said = np.select([good > 0, good < 0], [PASSED, FAILED], UNKNOWN)
    return np.where(tested | ran, said, NONE)


def tells_failures(steps: pd.DataFrame) -> np.ndarray:
    """Return which steps are test runs that say how many or which tests failed: no success, but an answer."""
    named = [isinstance(names, list) and len(names) > 0 for names in steps["failing"].tolist()]
    counted = (steps["failed_tests"].fillna(0) > 0).to_numpy(bool)
    return (steps["type"] == "test_run").to_numpy(bool) & (counted | np.array(named, dtype=bool))


@once_per_frame
def code_edits_of(steps: pd.DataFrame) -> np.ndarray:
    """Return which steps changed a file that a check can be about: no documents, pictures or logs."""
    edited = (steps["kind"] == "call").to_numpy(bool) & edits_of(steps)
    places = np.flatnonzero(edited)
    paths = steps["file_path"].iloc[places].tolist()
    edited[places] = [not (isinstance(path, str) and is_document(path)) for path in paths]
    return edited


@lru_cache(maxsize=65_536)
def is_document(path: str) -> bool:
    """Tell whether a path is a document, for which there is nothing to run."""
    return _DOCUMENT.search(path.replace("\\", "/")) is not None


@lru_cache(maxsize=65_536)
def is_configuration(path: str) -> bool:
    """Tell whether a path is configuration or data, which a check seldom touches."""
    return _CONFIGURATION.search(path.replace("\\", "/")) is not None


def _silenced(steps: pd.DataFrame, failed: np.ndarray) -> list[int]:
    """Failures that are only a filter at the end that found no line: `tsc | grep error` fails where all is well."""
    places = np.flatnonzero(failed)
    places = places[steps["failed_tests"].isna().to_numpy(bool)[places]]
    commands = steps["command"].array[places].tolist()
    filtered = [isinstance(command, str) and _FILTERED.search(command) is not None for command in commands]
    places = places[np.array(filtered, dtype=bool)]
    outputs = steps["output"].array[places].tolist()
    said = zip(places.tolist(), outputs, strict=True)
    return [place for place, output in said if not isinstance(output, str) or len(output.strip()) < 20]


def _runs(tool: object, command: object) -> bool:
    if not isinstance(command, str) or _NO_RUN.search(command):
        return False
    return tool in _CELLS or _RUN.search(command) is not None


def _known(column: pd.Series) -> np.ndarray:
    """1 where true, -1 where false, 0 where unknown."""
    yes, unknown = column.fillna(value=False).to_numpy(dtype=bool), column.isna().to_numpy(bool)
    return np.where(unknown, 0, np.where(yes, 1, -1))
