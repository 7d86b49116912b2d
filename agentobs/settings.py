"""Settings: defaults, then the TOML file, then AGENTOBS_* of the environment, then what the caller says.

Doors (the command line, `agentobs.open`, dashboards) call `load` with the environment; nothing below them reads it.
"""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import platformdirs

from agentobs.errors import SettingsError

_NAMES = {
    "AGENTOBS_HOME": "home",
    "AGENTOBS_DATABASE_URL": "database_url",
    "AGENTOBS_TIMEZONE": "timezone",
    "AGENTOBS_PROJECT": "project",
    "AGENTOBS_WORKERS": "workers",
    "AGENTOBS_REDACTION_RULES": "redaction_rules",
    "AGENTOBS_CONTENT": "content",
}


Mode = Literal["full", "redacted", "hashed", "metadata"]
_STRICTER = ("full", "redacted", "hashed", "metadata")


class Content(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of what was said is stored, by project.

    full: as it was said, secrets included; redacted: without secrets; hashed: tags that tell equal texts and their
    sizes; metadata: no text at all. What these leave out cannot be brought back.
    """

    default: Mode = "redacted"
    projects: dict[str, Mode] = {}  # by the project as frames show it, or by the name of its folder (never for full)
    unknown: Mode | None = None  # of what names no project; None: the strictest of all that are set

    def of(self, project: str | None) -> Mode:
        """Return the mode of a project."""
        if project is None:
            return self.unknown or strictest([self.default, *self.projects.values()])
        mode = self.projects.get(project)
        if mode is None:
            mode = self.projects.get(project.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1])
            if mode == "full":  # many folders may have that name
                mode = None
        return mode or self.default

    @property
    def modes(self) -> set[Mode]:
        """All modes that can occur."""
        return {self.default, self.of(None), *self.projects.values()}


def strictest(modes: Iterable[Mode]) -> Mode:
    """Return the mode that stores least."""
    return max(modes, key=_STRICTER.index)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person can set; the names are those of the TOML file."""

    home: Path  # data folder: the embedded database, the redaction key, reports
    database_url: str | None = None  # another server; None: the embedded one
    timezone: str = "UTC"  # in which days are cut and times are shown
    project: str | None = None  # of everything ingested; None: each working directory's own
    workers: int | None = None  # processes of a backfill; None: one per core
    redaction_rules: Path | None = None  # the user's own; None: redaction.toml in the data folder, where it is there
    content: Content = Content()  # how much of what was said is stored

    @property
    def database_home(self) -> Path:
        """Where the embedded server lives."""
        return self.home / "database"

    @property
    def redaction_key(self) -> Path:
        """The key of the marks that stand for secrets."""
        return self.home / "redaction.key"


def load(environ: Mapping[str, str], **overrides: Any) -> Settings:
    """Return the settings; raise SettingsError naming the value, where it stands, and what it should be.

    `config.toml` lies in the data folder (AGENTOBS_HOME, else the user's data folder), or where AGENTOBS_CONFIG says.
    """
    given = {name: environ[key] for key, name in _NAMES.items() if environ.get(key)}
    given.update({name: value for name, value in overrides.items() if value is not None})
    home = Path(given.get("home") or platformdirs.user_data_path("agentobs")).expanduser()
    path = Path(environ.get("AGENTOBS_CONFIG") or home / "config.toml")
    values = {"home": str(home), **_file(path, required="AGENTOBS_CONFIG" in environ), **given}
    if isinstance(values.get("content"), str):  # the environment gives the default alone
        values["content"] = {**_table(path, "content"), "default": values["content"]}
    try:
        texts = {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}
        settings = msgspec.convert(texts, Settings, strict=False, dec_hook=lambda kind, value: kind(value))
        ZoneInfo(settings.timezone)
    except msgspec.ValidationError as error:
        raise SettingsError(f"settings ({path} and AGENTOBS_*): {error}") from error
    except (ZoneInfoNotFoundError, ValueError) as error:
        zone = values.get("timezone")
        raise SettingsError(f"timezone {zone!r} is unknown; write one like 'Europe/Zurich'") from error
    if settings.workers is not None and settings.workers < 1:
        raise SettingsError(f"workers is {settings.workers}; it must be at least 1")
    home = settings.home.expanduser().absolute()
    return msgspec.structs.replace(settings, home=home, redaction_rules=_rules_file(settings.redaction_rules, home))


def _rules_file(named: Path | None, home: Path) -> Path | None:
    if named is not None:
        return named.expanduser().absolute()
    usual = home / "redaction.toml"
    return usual if usual.exists() else None


def _table(path: Path, name: str) -> dict[str, Any]:
    table = _file(path, required=False).get(name)
    return table if isinstance(table, dict) else {}


def _file(path: Path, *, required: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if required:
            raise SettingsError(f"AGENTOBS_CONFIG names {str(path)!r}, which is not there") from error
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"cannot read settings from {str(path)!r}: {error}") from error
