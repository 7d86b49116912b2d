"""A run in the words of those who schedule it: a line of a crontab, the two units of systemd."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from agentobs.pipelines._schedule import Schedule


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be run: absolute paths, and the settings that a scheduler does not know."""

    words: Sequence[str]
    folder: Path  # in which it runs
    environment: Mapping[str, str]


def crontab_line(schedule: str, command: Command) -> str:
    """Return the line for `crontab -e`; cron mails what the run prints."""
    words = [f"{name}={shlex.quote(value)}" for name, value in command.environment.items()]
    words += map(shlex.quote, command.words)
    line = f"cd {shlex.quote(str(command.folder))} && {' '.join(words)}"
    escaped = line.replace("%", r"\%")  # a bare one is a line break to cron
    return f"{schedule} {escaped}"


def units(name: str, title: str, schedule: str, command: Command) -> dict[str, str]:
    """Return {file name: text} of the service and of the timer that starts it."""
    settings = [f"Environment={_quoted(f'{key}={value}')}" for key, value in command.environment.items()]
    service = [
        "[Unit]",
        f"Description=agentobs: {_plain(title)}",
        "",
        "[Service]",
        "Type=oneshot",
        f"WorkingDirectory={_plain(str(command.folder))}",
        *settings,
        f"ExecStart={' '.join(_quoted(word).replace('$', '$$') for word in command.words)}",
    ]
    timer = [
        "[Unit]",
        f"Description=agentobs: when to run {name}",
        "",
        "[Timer]",
        *(f"OnCalendar={calendar}" for calendar in Schedule.parse(schedule).calendars()),
        "Persistent=true",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    stem = f"agentobs-{name}"
    return {f"{stem}.service": "\n".join(service) + "\n", f"{stem}.timer": "\n".join(timer) + "\n"}


def _plain(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    escaped = _plain(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
