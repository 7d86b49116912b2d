"""A session seen both in its files and by telemetry: what telemetry repeats of the files does not count.

Records with is_telemetry come from an agent that keeps session files too. What they repeat (is_copy) stands in for the
files of a session until there is a record of these.
"""

import pandas as pd

UNIQUE = 20
"""Ids of so many characters are unique everywhere; shorter ones of requests are taken for none."""
NAMELESS = "otel:"
"""How the id of a call begins to which telemetry gives none of the agent's."""


def is_own(events: pd.DataFrame) -> pd.Series:
    """Tell which events repeat nothing that is here: no copies, and telemetry of sessions without files."""
    own = ~events["is_copy"].astype("bool")
    told = events["is_telemetry"].astype("bool")
    return own | (told & ~has_files(events)) if told.any() else own


def is_repeated(events: pd.DataFrame) -> pd.Series:
    """Tell which events are telemetry's word on what a file of the session says."""
    repeated = events["is_copy"].astype("bool") & events["is_telemetry"].astype("bool")
    return repeated & has_files(events) if repeated.any() else repeated


def has_files(events: pd.DataFrame) -> pd.Series:
    """Tell for each event whether its session has any that is neither a copy nor telemetry."""
    of_file = ~events["is_copy"].astype("bool") & ~events["is_telemetry"].astype("bool")
    return events["session_id"].isin(events.loc[of_file, "session_id"].unique())


def without_repeated_calls(tool_calls: pd.DataFrame) -> pd.DataFrame:
    """Leave out calls without an id of the agent's where the session's files have calls.

    Parameters
    ----------
    tool_calls : call_key, session_id (str) and is_told (bool: neither call nor result is in a file)
    """
    nameless = tool_calls["call_key"].str.startswith(NAMELESS, na=False)
    if not nameless.any():
        return tool_calls
    in_files = tool_calls.loc[~tool_calls["is_told"], "session_id"].unique()
    return tool_calls[~(nameless & tool_calls["session_id"].isin(in_files))]


def without_repeated_responses(model_calls: pd.DataFrame) -> pd.DataFrame:
    """Leave out responses that the files of their session, or whoever has their request, count.

    Where one of the two sides does not name its requests, none of telemetry's responses counts in a session that has
    usage from files.

    Parameters
    ----------
    model_calls : session_id, request_id (str) and is_telemetry (bool), each response once
    """
    told = model_calls["is_telemetry"].astype("bool")
    if not told.any():
        return model_calls
    session = model_calls["session_id"]
    requests = model_calls["request_id"].where(model_calls["request_id"].str.len() >= UNIQUE)
    of_files = model_calls[~told]
    nameless = of_files.loc[requests[~told].isna(), "session_id"].unique()
    repeated = requests.isin(requests[~told].dropna().unique()) | session.isin(nameless)
    repeated |= requests.isna() & session.isin(of_files["session_id"].unique())
    return model_calls[~(told & repeated)]
