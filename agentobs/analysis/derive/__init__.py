"""What follows from events alone: owners of copies, sessions, tool calls, model calls, edits, usage.

Pure functions of frames; the SQL of the store keeps the same results by deltas, and a test holds both equal.
"""

from agentobs.analysis.derive.edits import edits
from agentobs.analysis.derive.messages import messages
from agentobs.analysis.derive.model_calls import model_calls
from agentobs.analysis.derive.ownership import Settled, settle
from agentobs.analysis.derive.records import RECORDS
from agentobs.analysis.derive.selection import COLUMNS, select
from agentobs.analysis.derive.sessions import sessions
from agentobs.analysis.derive.telemetry import is_own
from agentobs.analysis.derive.tool_calls import tool_calls
from agentobs.analysis.derive.usage import usage

__all__ = [
    "COLUMNS",
    "RECORDS",
    "Settled",
    "edits",
    "is_own",
    "messages",
    "model_calls",
    "select",
    "sessions",
    "settle",
    "tool_calls",
    "usage",
]
