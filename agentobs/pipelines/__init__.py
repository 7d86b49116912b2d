"""Pipelines: scheduled runs, one module each in the folder `pipelines` that ends in `PIPELINE = Pipeline(...)`.

A pipeline is told everything by whoever runs it: the day it is about, the database, the settings. Other packages add
theirs by the entry point group `agentobs.pipelines`. What runs them at their times is cron or systemd.
"""

import difflib
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

import agentobs
from agentobs import registry
from agentobs.errors import PluginError, SettingsError
from agentobs.pipelines._schedule import Schedule
from agentobs.settings import Settings

_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Parameter(msgspec.Struct, frozen=True):
    """One value that a person may give; text is read as the type of its default."""

    default: str | int | bool
    meaning: str


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """One run, as the door tells it: nothing below reads the clock or the environment."""

    day: date  # the last day that the run is about
    url: str  # of a database that answers and has our schema
    settings: Settings
    home: Path  # below which agents keep their sessions
    environ: Mapping[str, str] = {}  # its variables may name other folders of theirs
    machine: str | None = None


class Pipeline(msgspec.Struct, frozen=True, kw_only=True):
    """A run that can be scheduled. `run` returns what it did in one line, and raises our errors when it failed."""

    name: str
    title: str
    schedule: str  # cron's five fields, in the machine's time
    run: Callable[..., str]  # (occasion, **values), a keyword for each parameter
    parameters: dict[str, Parameter] = {}

    def __post_init__(self) -> None:
        try:
            Schedule.parse(self.schedule)
        except ValueError as error:
            raise PluginError(f"pipeline {self.name!r} has the schedule {self.schedule!r}: {error}") from error

    def values(self, given: Mapping[str, str]) -> dict[str, Any]:
        """Return a value for each parameter; raise SettingsError for a name or a value that is none of ours."""
        for name in given:
            if name not in self.parameters:
                there = ", ".join(self.parameters) or "none"
                hint = _close(name, self.parameters)
                raise SettingsError(f"pipeline {self.name!r} has no parameter {name!r}{hint}; it has {there}")
        return {
            name: self._read(name, given[name]) if name in given else parameter.default
            for name, parameter in self.parameters.items()
        }

    def _read(self, name: str, text: str) -> str | int | bool:
        kind = type(self.parameters[name].default)
        try:
            return _WORDS[text.lower()] if kind is bool else kind(text)
        except (KeyError, ValueError) as error:
            meaning = self.parameters[name].meaning
            raise SettingsError(
                f"parameter {name!r} of pipeline {self.name!r} takes {kind.__name__}, not {text!r}; it is {meaning}"
            ) from error


def _folder() -> list[str]:
    """The folder of our pipelines: inside the installed package, else the one of the checkout."""
    package = Path(agentobs.__file__).parent
    places = [place for place in (package / "_pipelines", package.parent / "pipelines") if place.is_dir()]
    return [str(places[0])] if places else []


# Its modules are submodules of this package, wherever the folder is: scanning, names and collisions are the registry's.
__path__ = [*__path__, *_folder()]


def pipelines() -> dict[str, Pipeline]:
    """Return every known pipeline by its name."""
    return registry.plugins(__name__, "PIPELINE", Pipeline)


def find(name: str) -> Pipeline:
    """Return the pipeline `name`; raise PluginError when there is none."""
    known = pipelines()
    if name in known:
        return known[name]
    there = ", ".join(known) or "none"
    raise PluginError(f"no pipeline is named {name!r}{_close(name, known)}; there are {there}")


def _close(name: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
