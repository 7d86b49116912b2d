"""The frames: the columns, types and units that everybody who reads gets, from a database or from files, also empty."""

from agentobs.frames.analyzed import ANNOTATIONS, CONTENTS, FINDINGS, HITS, METRICS, SCORES, STEPS
from agentobs.frames.recorded import EDITS, EVENTS, MESSAGES, MODEL_CALLS, SESSIONS, TOOL_CALLS, USAGE
from agentobs.frames.shape import DTYPES, TIME, Column, Frame, conform, declare, empty, require

FRAMES = {
    frame.name: frame
    for frame in (
        *(EVENTS, SESSIONS, MESSAGES, TOOL_CALLS, MODEL_CALLS, EDITS, USAGE),
        *(CONTENTS, STEPS, FINDINGS, SCORES, METRICS, ANNOTATIONS, HITS),
    )
}

__all__ = [
    "ANNOTATIONS",
    "CONTENTS",
    "DTYPES",
    "EDITS",
    "EVENTS",
    "FINDINGS",
    "FRAMES",
    "HITS",
    "MESSAGES",
    "METRICS",
    "MODEL_CALLS",
    "SCORES",
    "SESSIONS",
    "STEPS",
    "TIME",
    "TOOL_CALLS",
    "USAGE",
    "Column",
    "Frame",
    "conform",
    "declare",
    "empty",
    "require",
]
