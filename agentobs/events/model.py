"""The universal event and what else a record can become: an event, a skip with a reason, a reject with a reason."""

from enum import StrEnum

import msgspec


class EventType(StrEnum):
    """What happened. A tool call and its result are two events, joined by `tool_call_id`."""

    SESSION_START = "session_start"
    SESSION_END = "session_end"
    FILE_READ = "file_read"
    FILE_WRITE = "file_write"
    FILE_CREATE = "file_create"
    FILE_DELETE = "file_delete"
    COMMAND_EXECUTE = "command_execute"
    TEST_RUN = "test_run"
    BUILD_TRIGGER = "build_trigger"
    SEARCH_PERFORMED = "search_performed"
    LLM_REQUEST = "llm_request"
    LLM_RESPONSE = "llm_response"
    ERROR_ENCOUNTERED = "error_encountered"
    ROLLBACK_PERFORMED = "rollback_performed"
    COMMIT_CREATED = "commit_created"
    TOOL_INVOCATION = "tool_invocation"
    USER_INTERACTION = "user_interaction"
    CONTEXT_SWITCH = "context_switch"
    TOOL_RESULT = "tool_result"
    UNKNOWN = "unknown"


SEVERITIES = ("debug", "info", "warning", "error", "critical")
STATUSES = ("ok", "error", "denied", "interrupted")  # of a result; None: the source did not say
BASES = ("measured", "reported", "priced", "estimated", "unknown")  # where the usage of an event comes from
ROLES = ("user", "assistant", "tool", "system")  # who speaks; a human prompt is a user_interaction of role user

Line = tuple[int, bytes, bytes]
"""(byte offset, the line after redaction, the line as it stands in the source); the last two are one object mostly."""


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one model response, and what its billing depends on. None: the source did not say.

    `input_tokens` excludes cached ones; `reasoning_tokens` is a part of `output_tokens`.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_5m_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None
    web_search_requests: int | None = None
    service_tier: str | None = None
    speed: str | None = None
    inference_geo: str | None = None

    @property
    def total_tokens(self) -> int:
        """All lanes that the source gave, summed; reasoning is inside output."""
        return (
            (self.input_tokens or 0)
            + (self.output_tokens or 0)
            + (self.cache_read_tokens or 0)
            + (self.cache_write_5m_tokens or 0)
            + (self.cache_write_1h_tokens or 0)
        )


class Event(msgspec.Struct, kw_only=True):
    """One fact at one instant. `None` everywhere: the source did not say."""

    id: bytes  # 16 bytes, ids.event_id
    ts: int  # microseconds since 1970, UTC
    type: str  # an EventType
    agent: str  # the adapter's name: claude_code, codex, ... (agentId on the wire)
    session_id: str
    offset: int  # byte offset of the record in its source
    digest: int  # ids.content_digest of what the record carries, without its envelope
    ts_quality: str = "exact"
    part: int = 0  # which event of its record this is
    seq: int = 0  # order in the source; given by the reader, never by the adapter
    severity: str = "info"
    status: str | None = None
    role: str | None = None
    native_type: str | None = None  # the source's own name: assistant/tool_use, system/compact_boundary, ...
    native_id: str | None = None
    parent_event_id: bytes | None = None
    root_session_id: str | None = None  # None: the session is its own root
    thread_id: str | None = None  # a subagent inside the session; None: the main thread
    is_sidechain: bool = False
    is_copy: bool = False  # repeats what has a record of its own elsewhere; counts only where that is missing
    is_telemetry: bool = False  # of an agent with session files: a copy of it counts while they are missing
    is_forked: bool = False  # stamped by its agent as copied from another session, which then owns it
    agent_version: str | None = None
    working_directory: str | None = None
    branch: str | None = None
    commit: str | None = None
    repository: str | None = None
    machine: str | None = None
    workspace: str | None = None
    model: str | None = None
    provider: str | None = None
    usage: Usage | None = None
    usage_key: str | None = None  # names the response a usage belongs to
    request_id: str | None = None
    basis: str | None = None
    reported_cost_usd: float | None = None  # what the agent said itself; never mixed with our price
    tool_name: str | None = None
    tool_call_id: str | None = None
    call_type: str | None = None  # of a result: the type of the call it answers
    duration_ms: float | None = None
    exit_code: int | None = None
    lines_added: int | None = None
    lines_removed: int | None = None
    file_size_bytes: int | None = None
    file_path: str | None = None
    summary: str | None = None  # at most 300 characters: the prompt's head, the command, the path, the error
    data: bytes | None = None  # small JSON object with what else people query
    tags: tuple[str, ...] = ()
    raw: bytes | None = None  # the record after redaction, on its first event only
    sanitised: bool = False  # the record had bytes that JSON or the database refuses; they were replaced
    reader: str | None = None  # the adapter that read its record, where its source holds records of many: a spool


class Skip(msgspec.Struct, frozen=True):
    """A record that carries no event, and why; counted by reason."""

    offset: int
    reason: str


class Reject(msgspec.Struct, frozen=True):
    """A record that cannot be read; it goes to the quarantine with its place and reason."""

    offset: int
    reason: str
    raw: bytes  # after redaction; of a huge record its head
    size_bytes: int | None = None  # of the whole record, where raw is only its head
    sha256: str | None = None  # of the whole record, where raw is only its head


Item = Event | Skip | Reject


def call_key(session_id: str, tool_call_id: str) -> str:
    """Return the key under which copies of one tool call are one: the native id, with its session where it is short.

    Agents' ids such as `toolu_01AbC...` are unique everywhere; `call_1` or `u1` only in their session.
    """
    return tool_call_id if len(tool_call_id) >= 20 else f"{session_id}:{tool_call_id}"
