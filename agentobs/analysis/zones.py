"""Cut times into local days and hours of a zone, across its changes of clock."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from agentobs.errors import SettingsError


def zone(tz: str) -> ZoneInfo:
    """Return the zone; raise SettingsError when the name is not one."""
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(f"time zone {tz!r} is unknown; write a name such as UTC or Europe/Berlin") from error


def local_day(times: pd.Series, tz: str) -> pd.Series:
    """The calendar day of each time in the zone, as text YYYY-MM-DD."""
    return times.dt.tz_convert(zone(tz)).dt.strftime("%Y-%m-%d").astype("str")


def local_hour(times: pd.Series, tz: str) -> pd.Series:
    """When the clock hour of each time in the zone began, in UTC; both hours of an autumn night stay apart."""
    local = times.dt.tz_convert(zone(tz))
    into = pd.to_timedelta(local.dt.minute * 60 + local.dt.second, unit="s")
    return (local - into - pd.to_timedelta(local.dt.microsecond, unit="us")).dt.tz_convert("UTC")
