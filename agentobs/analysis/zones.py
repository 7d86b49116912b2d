"""Cut times into local days and hours of a zone, across its changes of clock."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from agentobs.errors import SettingsError
from agentobs.events import KNOWN


def zone(tz: str) -> ZoneInfo:
    """Return the zone; raise SettingsError when the name is not one."""
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(f"time zone {tz!r} is unknown; write a name such as UTC or Europe/Berlin") from error


def known(times: pd.Series) -> pd.Series:
    """The times that say when something was; <NA> for those that only keep the order of a source without times."""
    first, after = (pd.Timestamp(ts, unit="us", tz="UTC") for ts in KNOWN)
    return times.where((times >= first) & (times < after))


def local_day(times: pd.Series, tz: str) -> pd.Series:
    """The calendar day of each time in the zone, as text YYYY-MM-DD; <NA> where it is unknown."""
    return known(times).dt.tz_convert(zone(tz)).dt.strftime("%Y-%m-%d").astype("str")


def local_hour(times: pd.Series, tz: str) -> pd.Series:
    """When the clock hour of each time in the zone began, in UTC; both hours of an autumn night stay apart."""
    local = known(times).dt.tz_convert(zone(tz))
    into = pd.to_timedelta(local.dt.minute * 60 + local.dt.second, unit="s")
    return (local - into - pd.to_timedelta(local.dt.microsecond, unit="us")).dt.tz_convert("UTC")
