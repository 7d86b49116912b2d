"""Pipelines: found by scanning, told everything, and each run says in one line what it did."""

import inspect
import json
import shlex
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from agentobs import pipelines, registry, reports
from agentobs.cli import running
from agentobs.errors import PluginError, ReportError, SettingsError
from agentobs.pipelines import Occasion, Parameter, Pipeline
from tests.cli.sessions import said, write

FOLDER = Path(__file__).parents[2] / "pipelines"
NIGHT = Pipeline(
    name="night",
    title="",
    schedule="0 0 * * *",
    run=lambda occasion, **values: f"{occasion.day} {values}",
    parameters={"out": Parameter("reports", "a folder"), "days": Parameter(1, "days"), "all": Parameter(False, "x")},
)


class Point:
    """An entry point of another package."""

    value = "other:PIPELINE"

    def load(self) -> object:
        return NIGHT


@pytest.fixture
def home(embedded_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with an empty home, a data folder and a fresh database."""
    monkeypatch.setenv("AGENTOBS_DATABASE_URL", embedded_url)
    monkeypatch.setenv("AGENTOBS_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def night(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another package adds a pipeline."""
    monkeypatch.setattr(registry, "entry_points", lambda group: [Point()] if group == "agentobs.pipelines" else [])


def test_every_file_of_the_folder_is_a_pipeline_of_its_name():
    assert set(pipelines.pipelines()) == {path.stem for path in FOLDER.glob("[a-z]*.py")}
    for name, pipeline in pipelines.pipelines().items():
        assert Path(inspect.getfile(pipeline.run)).stem == name


@pytest.mark.parametrize("name", sorted(pipelines.pipelines()))
def test_a_run_takes_what_its_pipeline_declares(name):
    pipeline = pipelines.find(name)
    asked = inspect.signature(pipeline.run).parameters.values()
    assert [p.name for p in asked if p.kind is p.KEYWORD_ONLY] == list(pipeline.parameters)
    assert pipeline.title
    assert all(parameter.meaning for parameter in pipeline.parameters.values())


def test_other_packages_add_theirs(night):
    assert pipelines.find("night") is NIGHT
    with pytest.raises(PluginError, match=r"no pipeline is named 'nihgt' \(did you mean 'night'\?\); there are daily"):
        pipelines.find("nihgt")


def test_text_becomes_the_type_of_the_default():
    assert NIGHT.values({"days": "3", "all": "Yes"}) == {"out": "reports", "days": 3, "all": True}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"dyas": "1"}, r"no parameter 'dyas' \(did you mean 'days'\?\); it has out, days, all"),
        ({"days": "two"}, "'days' of pipeline 'night' takes int, not 'two'"),
        ({"all": "maybe"}, "takes bool, not 'maybe'"),
    ],
)
def test_a_wrong_parameter_is_named(given, text):
    with pytest.raises(SettingsError, match=text):
        NIGHT.values(given)


@pytest.mark.parametrize(
    ("zone", "day"), [("UTC", date(2026, 3, 8)), ("Asia/Tokyo", date(2026, 3, 9)), ("America/Lima", date(2026, 3, 8))]
)
def test_yesterday_is_that_of_the_zone(zone, day):
    assert running.yesterday(datetime(2026, 3, 9, 23, 30, tzinfo=UTC), zone) == day


def test_the_door_passes_the_day(home, night, capsys):
    found = said(capsys, "pipeline", "run", "night", "--date", "2026-03-09", "-p", "days=2")
    assert found.out == "2026-03-09 {'out': 'reports', 'days': 2, 'all': False}\n"
    before = running.yesterday(datetime.now(UTC), "UTC")
    today = said(capsys, "pipeline", "run", "night").out.split()[0]
    assert today in {str(before), str(running.yesterday(datetime.now(UTC), "UTC"))}


def test_the_list_says_when_and_with_what(home, night, capsys):
    table = said(capsys, "pipeline", "list").out
    assert "15 3 * * *" in table
    assert "target, out, days, project" in table
    listed = {one["name"]: one for one in json.loads(said(capsys, "pipeline", "list", "--json").out)}
    assert list(listed) == list(pipelines.pipelines())
    assert listed["night"]["parameters"]["days"] == {"default": 1, "meaning": "days"}


def test_the_line_for_cron_runs_in_a_bare_environment(home, night, capsys):
    line = said(capsys, "pipeline", "cron", "daily_usage", "-p", "days=nothing").err
    assert "takes int" in line
    note, line = said(capsys, "pipeline", "cron", "daily_usage", "-p", f"target={home}/none here").out.splitlines()
    assert note.startswith("# your AGENTOBS_DATABASE_URL is not in here")
    assert line.startswith(f"15 3 * * * cd {shlex.quote(str(home))} && AGENTOBS_HOME=")
    assert "postgresql://" not in line
    command = line.removeprefix("15 3 * * * ").replace("pipeline run daily_usage", "pipeline list")
    command = command.partition(" -p ")[0]
    answer = subprocess.run(
        ["/bin/sh", "-c", command], env={"HOME": str(home)}, capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "daily_usage" in answer.stdout


def test_no_parameter_adds_a_line_to_a_schedule(home, capsys):
    for form in ("cron", "systemd"):
        found = said(capsys, "pipeline", form, "daily_usage", "-p", "out=x\n* * * * * evil")
        assert found.code == 2
        assert "evil" not in found.out


def test_the_units_are_two_files(home, capsys):
    text = said(capsys, "pipeline", "systemd", "daily_usage").out
    assert "systemctl --user enable --now agentobs-daily_usage.timer" in text
    assert f'Environment="AGENTOBS_HOME={home}/data"' in text
    assert f"WorkingDirectory={home}\n" in text
    program = Path(sys.executable).with_name("agentobs")
    assert f'ExecStart="{program}" "pipeline" "run" "daily_usage"\n' in text


def test_the_daily_report_is_of_its_day_and_a_second_run_reads_what_is_new(home, capsys):
    write(home / "home" / ".claude", "one")
    first = said(capsys, "pipeline", "run", "daily_usage", "--date", "2026-03-09")
    folder = Path("reports/daily_usage/2026-03-09")
    assert (first.code, first.err) == (0, "")
    assert first.out == f"daily_usage 2026-03-09; 1 files read, 2 new events; {folder}/usage.html\n"
    assert (folder / "summary.txt").read_text() == first.out
    told = json.loads((folder / "usage.ipynb").read_text())["metadata"]["papermill"]["parameters"]
    assert told == {"since": "2026-03-09", "until": "2026-03-10", "tz": "UTC", "project": ""}
    assert "/home/ada/shop" in (folder / "usage.html").read_text()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, dict[str, object]]]:
    """What reports are asked for, none of which is made."""
    seen = []

    def run(name: str, out: Path, parameters: dict[str, object]) -> reports.Report:
        seen.append((out, parameters))
        return reports.Report(name, out / f"{name}.html", out / f"{name}.ipynb", parameters)

    monkeypatch.setattr(reports, "run", run)
    return seen


def test_a_range_ends_with_the_day_and_a_target_is_read_instead_of_the_known_folders(home, capsys, asked):
    write(home / "home" / ".claude", "one")
    write(home / "elsewhere", "two")
    arguments = ("pipeline", "run", "daily_usage", "--date", "2026-03-02", "-p", "days=7", "-p", "target=elsewhere")
    assert "1 files read, 2 new events" in said(capsys, *arguments).out
    assert "1 files read, 0 new events" in said(capsys, *arguments).out
    folder, told = asked[0]
    assert folder == Path("reports/daily_usage/2026-02-24_2026-03-02")
    assert (told["since"], told["until"]) == ("2026-02-24", "2026-03-03")


def test_where_no_agent_was_the_report_is_still_made(home, capsys, asked):
    found = said(capsys, "pipeline", "run", "daily_usage", "--date", "2026-03-09")
    assert (found.code, len(asked)) == (0, 1)
    assert "0 files read" in found.out


def test_a_report_that_fails_is_the_exit_code_and_stands_in_the_summary(home, capsys, monkeypatch):
    def fail(name: str, out: Path, parameters: dict[str, object]) -> reports.Report:
        raise ReportError("report 'usage' failed in cell 3")

    monkeypatch.setattr(reports, "run", fail)
    write(home / "home" / ".claude", "one")
    found = said(capsys, "pipeline", "run", "daily_usage", "--date", "2026-03-09")
    assert (found.code, found.err) == (5, "agentobs: report 'usage' failed in cell 3\n")
    kept = Path("reports/daily_usage/2026-03-09/summary.txt").read_text()
    assert kept == "daily_usage 2026-03-09; 1 files read, 2 new events; failed: report 'usage' failed in cell 3\n"


@pytest.mark.parametrize(
    ("parameter", "code", "text"),
    [
        ("target=nowhere", 3, "no such file"),
        ("target=home", 3, "no session logs below 'home'"),
        ("out=taken", 5, "reports cannot be written to taken/daily_usage"),
        ("days=0", 2, "parameter 'days' is 0"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_its_code(home, capsys, asked, parameter, code, text):
    (home / "home").mkdir()
    (home / "taken").write_text("")
    found = said(capsys, "pipeline", "run", "daily_usage", "-p", parameter)
    assert (found.code, len(found.err.splitlines()), asked) == (code, 1, [])
    assert text in found.err


def test_an_occasion_knows_no_clock():
    assert inspect.signature(Occasion).parameters["day"].default is inspect.Parameter.empty
