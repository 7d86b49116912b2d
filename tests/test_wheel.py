"""The wheel holds all that is used and nothing else, and works where there is no checkout."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import agentobs
from tests.cli.sessions import write

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "agentobs"
OUTSIDE = {"notebooks": "_notebooks", "dashboards": "_dashboards", "pipelines": "_pipelines"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as pip builds it, of what the checkout holds now."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check")
    _checked(sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of a fresh environment: the wheel's agentobs, and what it depends on from this environment."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    _checked(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / "bin" / "python"
    options = ("--no-deps", "--no-index", "--quiet", "--disable-pip-version-check")
    _checked(sys.executable, "-m", "pip", "--python", python, "install", *options, wheel)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (folder / "share").mkdir(exist_ok=True)
    (folder / "share" / "jupyter").symlink_to(Path(sys.prefix) / "share" / "jupyter")  # nbconvert's base templates
    return python.with_name("agentobs")


def _checked(*words: object, **more: object) -> str:
    answer = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **more)  # pyright: ignore[reportCallIssue, reportArgumentType]
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.fixture
def run(program: Path, tmp_path: Path):
    """Run the installed command in a folder of its own, with an empty home; return what it prints."""

    def run(*words: object) -> str:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AGENTOBS_", "PYTHON"))}
        environment = {**kept, "HOME": str(tmp_path / "home"), "AGENTOBS_HOME": str(tmp_path / "data")}
        return _checked(program, *words, cwd=tmp_path, env=environment)

    return run


def _files(folder: Path) -> set[Path]:
    made = {"__pycache__", ".ipynb_checkpoints"}
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and not made & set(path.parts)}


def test_the_wheel_is_the_package_and_the_three_folders_beside_it(names):
    """So SQL, dictionaries and templates are in it, tests and data are not, and no file is forgotten or added."""
    expected = {f"agentobs/{path}" for path in _files(PACKAGE)}
    for folder, inside in OUTSIDE.items():
        expected |= {f"agentobs/{inside}/{path}" for path in _files(ROOT / folder)}
    expected |= {f"agentobs/_data/_samples/{path}" for path in _files(ROOT / "data" / "_samples")}
    expected.add("agentobs/_data/labelled_sessions.py")
    assert {name for name in names if ".dist-info/" not in name} == expected


@pytest.mark.parametrize(
    "beginning_and_end",
    [
        ("agentobs/_notebooks/01_", ".ipynb"),
        ("agentobs/_dashboards/overview", ".py"),
        ("agentobs/_pipelines/daily_usage", ".py"),
        ("agentobs/store/migrations/0001_", ".sql"),
        ("agentobs/store/queries/", ".sql"),
        ("agentobs/store/dictionaries/", ".zdict"),
        ("agentobs/reports/template/agentobs/", ".j2"),
        ("agentobs/reports/template/agentobs/", ".css"),
        ("agentobs-", ".dist-info/licenses/LICENSE"),
    ],
)
def test_what_is_no_module_is_in_the_wheel(names, beginning_and_end):
    beginning, end = beginning_and_end
    assert [name for name in names if name.startswith(beginning) and name.endswith(end)]


def test_the_installed_command_is_that_of_the_wheel(run, program):
    assert run("--version").strip() == agentobs.__version__
    where = "import agentobs, agentobs.pipelines; print(agentobs.__file__, *agentobs.pipelines.__path__)"
    folder = program.parents[1]
    printed = _checked(program.with_name("python"), "-c", where, cwd=folder).split()
    assert all(Path(path).is_relative_to(folder) for path in printed)


def test_plugins_of_the_wheel_are_found(run):
    assert "~/.claude/projects" in run("agents")
    assert "daily_usage" in run("pipeline", "list")


def test_a_report_is_made_without_a_checkout_and_without_a_database(run, tmp_path):
    write(tmp_path / "logs", "one")
    printed = run("report", "usage", "-p", f"target={tmp_path / 'logs'}")
    assert printed == "reports/usage.html\n"
    page = (tmp_path / "reports" / "usage.html").read_text(encoding="utf-8")
    assert "/home/ada/shop" in page
    assert "claude-haiku-4-5-20251001" in page
    assert not (tmp_path / "data" / "database").exists()
