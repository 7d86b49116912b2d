"""Schedules: what cron takes is taken, and a systemd timer fires at the same times."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentobs.errors import PluginError
from agentobs.pipelines import Pipeline
from agentobs.pipelines._schedule import Schedule
from agentobs.pipelines._units import Command, crontab_line, units

RANGES = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 6)}


@pytest.mark.parametrize(
    ("text", "calendars"),
    [
        ("15 3 * * *", ["*-*-* 03:15:00"]),
        ("*/15 * * * *", ["*-*-* *:00,15,30,45:00"]),
        ("*/1 0-23 1-31 * *", ["*-*-* *:*:00"]),
        ("0 8-18/5 * 1,7 *", ["*-01,07-* 08,13,18:00:00"]),
        ("5 4 * * 7", ["Sun *-*-* 04:05:00"]),
        ("5 4 * * 5-7", ["Sun,Fri,Sat *-*-* 04:05:00"]),
        ("0 0 1,15 * 1", ["*-*-01,15 00:00:00", "Mon *-*-* 00:00:00"]),
        ("0 0 */15 * 1", ["Mon *-*-01,16,31 00:00:00"]),
    ],
)
def test_a_timer_of_systemd_fires_when_cron_would(text, calendars):
    """Where day and weekday are both named, cron takes either; a star with a step takes both."""
    assert Schedule.parse(text).calendars() == calendars


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "0 fields"),
        ("@daily", "1 fields"),
        ("0 0 * * * *", "6 fields"),
        ("60 0 * * *", "minute '60' is not within 0 to 59"),
        ("0 24 * * *", "hour '24'"),
        ("0 0 0 * *", "day '0' is not within 1 to 31"),
        ("0 0 * 13 *", "month '13'"),
        ("0 0 * * 8", "weekday '8'"),
        ("5-1 0 * * *", "minute '5-1' is not within"),
        ("5/2 0 * * *", "steps over nothing"),
        ("*/0 0 * * *", "steps over nothing"),
        ("1,,2 0 * * *", "minute '' is not"),
        ("٣ 0 * * *", "minute '٣' is not"),
        ("0 0 * * mon", "weekday 'mon' is not"),
    ],
)
def test_what_cron_would_not_take_is_named(text, what):
    with pytest.raises(PluginError, match=r"^pipeline 'night' has the schedule ") as caught:
        Pipeline(name="night", title="", schedule=text, run=str)
    assert what in str(caught.value)


@given(st.lists(st.text("0123456789*,-/ ", max_size=8), min_size=5, max_size=5))
def test_whatever_is_taken_lies_within_its_field(words):
    try:
        schedule = Schedule.parse(" ".join(words))
    except ValueError:
        return
    for name, (low, high) in RANGES.items():
        values = getattr(schedule, name)
        assert values is None or (values and set(values) < set(range(low, high + 1)))


@given(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.integers(0, 23), st.integers(0, 59))
def test_a_time_that_is_spelled_out_comes_back(day, hour, minute):
    schedule = Schedule.parse(f"{minute} {hour} {day.day} {day.month} *")
    assert schedule == Schedule((minute,), (hour,), (day.day,), (day.month,), None, either_day=False)


COMMAND = Command(
    words=["/opt/my tools/agentobs", "pipeline", "run", "night", "-p", 'out=50% of "$HOME"'],
    folder=Path("/srv/100% reports"),
    environment={"AGENTOBS_HOME": "/var/lib/it's here"},
)


def test_a_crontab_line_survives_cron_and_the_shell():
    line = crontab_line("15 3 * * *", COMMAND)
    assert line == (
        "15 3 * * * cd '/srv/100\\% reports' && AGENTOBS_HOME='/var/lib/it'\"'\"'s here' "
        "'/opt/my tools/agentobs' pipeline run night -p 'out=50\\% of \"$HOME\"'"
    )


def test_units_hold_the_same_command_in_the_words_of_systemd():
    files = units("night", "What 100% did", "0 0 1 * 1", COMMAND)
    assert list(files) == ["agentobs-night.service", "agentobs-night.timer"]
    service, timer = files.values()
    assert "Description=agentobs: What 100%% did\n" in service
    assert "WorkingDirectory=/srv/100%% reports\n" in service
    assert 'Environment="AGENTOBS_HOME=/var/lib/it\'s here"\n' in service
    assert 'ExecStart="/opt/my tools/agentobs" "pipeline" "run" "night" "-p" "out=50%% of \\"$$HOME\\""\n' in service
    assert "OnCalendar=*-*-01 00:00:00\nOnCalendar=Mon *-*-* 00:00:00\n" in timer
