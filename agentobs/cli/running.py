"""pipeline: list, run and schedule pipelines. The clock is read here, and nowhere below."""

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

from cyclopts import App, Parameter

from agentobs.cli import opening
from agentobs.cli.output import one_line, print_json
from agentobs.cli.tables import print_table
from agentobs.errors import SettingsError

if TYPE_CHECKING:
    from agentobs.pipelines import Pipeline
    from agentobs.pipelines._units import Command

app = App(name="pipeline", help="List, run and schedule pipelines.")
_PASSED_ON = (
    "AGENTOBS_CONFIG",
    "AGENTOBS_TIMEZONE",
    "AGENTOBS_PROJECT",
    "AGENTOBS_WORKERS",
    "AGENTOBS_CONTENT",
    "AGENTOBS_REDACTION_RULES",
)

Given = Annotated[list[str], Parameter(name=["--parameter", "-p"], help="A parameter of the pipeline: name=value.")]
Day = Annotated[date | None, Parameter(name="--date", help="The (last) day it is about; default: yesterday.")]
_NONE: list[str] = []


@app.command(name="list")
def list_(*, json: Annotated[bool, Parameter(help="Print JSON.")] = False) -> None:
    """List pipelines, when they run, and what they can be told."""
    from agentobs.pipelines import pipelines

    known = pipelines().values()
    if json:
        print_json([_plain(pipeline) for pipeline in known])
        return
    rows = [(p.name, p.schedule, p.title, ", ".join(p.parameters)) for p in known]
    print_table("Pipelines", {"name": "left", "schedule": "left", "what": "left", "parameters": "left"}, rows)


@app.command
def run(name: str, *, parameter: Given = _NONE, date: Day = None) -> None:
    """Run a pipeline now, and say in one line what it did.

    Parameters
    ----------
    name
        Which pipeline.
    """
    import platform

    from agentobs.pipelines import Occasion, find

    pipeline = find(name)
    values = pipeline.values(named(parameter))
    chosen = opening.settings()
    with opening.database(chosen) as url:
        occasion = Occasion(
            day=date or yesterday(datetime.now(UTC), chosen.timezone), url=url, settings=chosen, home=Path.home(),
            environ=os.environ, machine=platform.node() or None,
        )  # fmt: skip
        print(one_line(pipeline.run(occasion, **values)))


@app.command
def cron(name: str, *, parameter: Given = _NONE) -> None:
    """Print the line that runs a pipeline from your crontab, in this folder.

    Parameters
    ----------
    name
        Which pipeline.
    """
    from agentobs.pipelines import find
    from agentobs.pipelines._units import crontab_line

    pipeline = find(name)
    print(crontab_line(pipeline.schedule, _command(pipeline, parameter)))


@app.command
def systemd(name: str, *, parameter: Given = _NONE) -> None:
    """Print the service and the timer that run a pipeline in this folder; the first lines say where they go.

    Parameters
    ----------
    name
        Which pipeline.
    """
    from agentobs.pipelines import find
    from agentobs.pipelines._units import units

    pipeline = find(name)
    files = units(pipeline.name, pipeline.title, pipeline.schedule, _command(pipeline, parameter))
    timer = next(file for file in files if file.endswith(".timer"))
    print(f"# two files for ~/.config/systemd/user/; then: systemctl --user enable --now {timer}")
    for file, text in files.items():
        print(f"\n# {file}\n{text}", end="")


def named(texts: Sequence[str]) -> dict[str, str]:
    """Return {name: value} of texts like name=value; raise SettingsError for others."""
    values = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise SettingsError(f"parameter {text!r} has no value; write -p name=value")
        values[name] = value
    return values


def yesterday(now: datetime, zone: str) -> date:
    """Return the day before `now` as the calendar of a zone shows it."""
    return now.astimezone(ZoneInfo(zone)).date() - timedelta(1)


def _plain(pipeline: "Pipeline") -> dict[str, Any]:
    told = {name: {"default": p.default, "meaning": p.meaning} for name, p in pipeline.parameters.items()}
    return {"name": pipeline.name, "title": pipeline.title, "schedule": pipeline.schedule, "parameters": told}


def _command(pipeline: "Pipeline", parameters: Sequence[str]) -> "Command":
    from agentobs.pipelines._units import Command

    pipeline.values(named(parameters))
    chosen = opening.settings()
    if "AGENTOBS_DATABASE_URL" in os.environ:  # it may hold a password: it goes into no line that others can list
        config = os.environ.get("AGENTOBS_CONFIG") or chosen.home / "config.toml"
        print(f"# your AGENTOBS_DATABASE_URL is not in here: write it as database_url into {config}")
    given = [word for text in parameters for word in ("-p", text)]
    command = Command(
        words=[*_program(), "pipeline", "run", pipeline.name, *given],
        folder=Path.cwd(),
        environment={"AGENTOBS_HOME": str(chosen.home), **_passed_on(os.environ)},
    )
    for text in (*command.words, str(command.folder), *command.environment.values()):
        if not text.isprintable():
            raise SettingsError(f"{text!r} holds a line break or another mark that no schedule can hold; leave it out")
    return command


def _program() -> list[str]:
    beside = Path(sys.executable).with_name("agentobs")
    return [str(beside)] if beside.is_file() else [sys.executable, "-m", "agentobs.cli"]


def _passed_on(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: environ[name] for name in _PASSED_ON if environ.get(name)}
