"""Each event once: copies in resumed and forked sessions belong to one owner, whatever was read first."""

from typing import NamedTuple

import pandas as pd

from agentobs.analysis.derive.ranks import first_of_each

_KEY = ["ts", "event_id"]
_RANK = ["owner_ts", "session_id", "seq", "source_offset", "part"]


class Settled(NamedTuple):
    """Events without their copies, by time, then order in the source; and what the copies told."""

    events: pd.DataFrame  # RECORDS
    lineage: pd.DataFrame  # session_id, parent_session_id (str): sessions that share records, and who owns them
    copies: int
    conflicts: pd.DataFrame  # RECORDS: the same id as an event, with another payload


def settle(records: pd.DataFrame) -> Settled:
    """Each event once, owned by the smallest (first time of its source, session).

    Parameters
    ----------
    records : frame of RECORDS

    Returns
    -------
    Settled; a row with its event's id and another digest is a conflict, not a copy.
    """
    several = records.duplicated(_KEY, keep=False)
    repeated = records[several]
    owners = first_of_each(repeated, _KEY, _RANK)
    events = pd.concat([records[~several], owners]) if len(owners) else records
    events = events.sort_values(["ts", "seq", "event_id"], kind="stable", ignore_index=True)
    others = repeated.drop(owners.index)
    owned = others[_KEY].merge(owners[[*_KEY, "digest", "session_id"]], on=_KEY, how="left")
    others = others.assign(owner=owned["session_id"].array)
    conflict = (others["digest"] != owned["digest"].array).astype("bool")
    copies, conflicts = others[~conflict], others[conflict]
    return Settled(events, _lineage(copies), len(copies), conflicts)


def _lineage(copies: pd.DataFrame) -> pd.DataFrame:
    """The parent of a session: the owner of the last record that it shares."""
    foreign = copies[copies["owner"] != copies["session_id"]]
    shared = foreign.groupby(["session_id", "owner"], sort=False)["ts"].max().reset_index()
    shared = shared.sort_values(["ts", "owner"], ascending=[False, True], kind="stable")
    parents = shared.drop_duplicates("session_id").rename(columns={"owner": "parent_session_id"})
    return parents[["session_id", "parent_session_id"]].reset_index(drop=True)
