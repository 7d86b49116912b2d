"""The house stands: floors, imports, words, and what the README tells people to type."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("pandas", "sqlalchemy", "panel", "papermill", "sklearn", "plotly", "psycopg", "scipy", "IPython")
FOLDERS = {"agentobs", "notebooks", "dashboards", "pipelines", "tests", "data", ".ci"}
README = (ROOT / "README.md").read_text(encoding="utf-8")


def tracked() -> list[Path]:
    """Every file of the project that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).is_file()]


def texts(*suffixes: str) -> list[tuple[Path, str]]:
    """The text files of the project with one of these endings, without samples."""
    files = [path for path in tracked() if path.suffix in suffixes and "fixtures" not in path.parts]
    return [(path, path.read_text(encoding="utf-8")) for path in files]


def test_imports_go_down_only():
    answer = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout
    assert "1 kept, 0 broken" in answer.stdout


def test_help_loads_nothing_heavy():
    program = (
        "import sys; from agentobs.cli import main; code = main(['--help']); "
        f"print(code, sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stderr.strip() == "0 []"
    for command in ("ingest", "sessions", "usage", "doctor", "dashboard"):
        assert f" {command} " in answer.stdout


def test_importing_agentobs_loads_nothing_heavy():
    program = f"import sys, agentobs; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("process", ["serving", "draining", "indexing"])
def test_a_process_of_the_server_has_no_frames_in_its_memory(process: str):
    """What makes frames takes more than all the rest; it is loaded when somebody first reads one."""
    heavy = {*HEAVY, "numpy", "pyarrow"} - {"psycopg"}
    program = f"import sys, agentobs.server.{process}; print(sorted({heavy!r} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_no_folder_stands_outside_the_house():
    tops = {path.relative_to(ROOT).parts[0] for path in tracked() if path.parent != ROOT}
    assert tops <= FOLDERS


def test_nothing_is_left_to_do_later():
    later = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X{3}|Not" + r"ImplementedError)\b")
    ours = [(path, text) for path, text in texts(".py", ".sql", ".md", ".toml") if "tests" not in path.parts]
    assert [(path.name, found.group()) for path, text in ours for found in later.finditer(text)] == []


def test_no_module_is_longer_than_four_hundred_lines():
    assert [path.name for path, text in texts(".py") if "agentobs" in path.parts and text.count("\n") > 400] == []


def test_every_module_says_what_it_is_for():
    silent = [str(path) for path, text in texts(".py") if text.strip() and not re.match(r'(#!.*\n)?r?"""', text)]
    assert silent == []


def test_no_module_is_a_drawer_for_anything():
    assert [
        path for path, _ in texts(".py") if {"utils", "util", "helpers", "helper", "common", "manager"} & {path.stem}
    ] == []


def test_constraints_name_no_place():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert " @ " not in text
    pinned = {line.split("==")[0] for line in text.splitlines() if "==" in line}
    assert {"cyclopts", "psycopg", "pandas", "panel", "papermill", "pytest"} <= pinned


@pytest.mark.parametrize("line", re.findall(r"^    (agentobs .+)$", README, re.MULTILINE))
def test_commands_of_the_readme_exist(line, capsys):
    from agentobs.cli import app

    words = line.partition("  #")[0].split()[1:]
    app.parse_args(words, exit_on_error=False, print_error=False)


@pytest.mark.parametrize("target", re.findall(r"^    make (\w+)", README, re.MULTILINE))
def test_make_targets_of_the_readme_exist(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_files_that_the_readme_names_exist():
    named = re.findall(r"\]\(([\w./-]+)\)", README)
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_ci_runs_make_test_and_lets_nothing_be_skipped():
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert "set -euo pipefail" in script
    assert "AGENTOBS_REQUIRE_ALL=1" in script
    assert "make test" in script
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
