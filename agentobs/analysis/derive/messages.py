"""Messages: prompts, answers, thoughts and notes of the client, without their texts."""

import pandas as pd

from agentobs.analysis.derive.telemetry import is_own, is_repeated
from agentobs.frames import MESSAGES


def messages(events: pd.DataFrame) -> pd.DataFrame:
    """Messages by time, without their texts, and without what telemetry repeats of a session's files.

    Parameters
    ----------
    events : frame of RECORDS, without copies (settle), in its order

    Returns
    -------
    Frame of MESSAGES with text <NA> and the columns that say where the text is: type (str), source_id, source_offset,
    part (Int64). is_human is <NA> for a user interaction that nobody says who wrote.
    """
    spoken = events["type"].isin(["user_interaction", "llm_response"])
    noted = (events["type"] == "context_switch") & events["role"].notna()
    told = is_repeated(events)
    found, own = events[(spoken | noted) & ~told], is_own(events)
    by_user = (found["role"] == "user").astype("boolean").where(found["role"].notna())
    found = found.assign(
        is_human=(found["type"] == "user_interaction").astype("boolean") & by_user & own[found.index],
        text=pd.Series(index=found.index, dtype="str"),
    )
    return found[[*MESSAGES.names, "type", "source_id", "source_offset", "part"]].reset_index(drop=True)
