"""The frames: the columns, types and units that everybody who reads gets, from a database or from files, also empty."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from agentobs.errors import FrameError

TIME = "datetime64[us, UTC]"
DTYPES = {"time": TIME, "str": "str", "int": "Int64", "float": "Float64", "bool": "boolean", "object": "object"}


@dataclass(frozen=True)
class Column:
    """One column: its name, one of DTYPES, and what it means with its unit."""

    name: str
    kind: str
    meaning: str = ""


@dataclass(frozen=True)
class Frame:
    """A declared frame: what one row is, and its columns in order."""

    name: str
    row: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The column names, in order."""
        return [column.name for column in self.columns]

    @property
    def dtypes(self) -> dict[str, str]:
        """The pandas type of each column."""
        return {column.name: DTYPES[column.kind] for column in self.columns}


def declare(name: str, row: str, text: str) -> Frame:
    """Return the frame that lines of `name kind meaning` describe."""
    rows = [line.split(maxsplit=2) for line in text.strip().splitlines()]
    return Frame(name, row, tuple(Column(*row) for row in rows))


def empty(frame: Frame) -> pd.DataFrame:
    """Return the frame without rows: all its columns, with their types."""
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in frame.dtypes.items()})


def conform(data: pd.DataFrame, frame: Frame) -> pd.DataFrame:
    """Return the data with the declared columns, in order, with their types; raise FrameError when one is missing."""
    require(data, frame.names, frame.name)
    types: dict[str, Any] = dict(frame.dtypes)
    columns = {name: data[name].astype(dtype) for name, dtype in types.items()}
    return pd.DataFrame(columns).reset_index(drop=True)


def require(data: pd.DataFrame, names: list[str], what: str) -> None:
    """Raise FrameError, naming the first missing column and what is there, unless all names are columns of the data."""
    missing = [name for name in names if name not in data.columns]
    if missing:
        raise FrameError(f"frame {what} lacks {missing[0]!r}; it has {sorted(map(str, data.columns))}")


EVENTS = declare(
    "events",
    "one event; an immutable fact at one instant",
    """
    event_id          str    UUIDv8; implies ts
    ts                time   when it happened, UTC
    ts_quality        str    exact | naive | inherited | clamped | none
    type              str    events.EventType
    severity          str    debug | info | warning | error | critical
    status            str    of a result: ok | error | denied | interrupted
    role              str    user | assistant | tool | system
    agent             str    claude_code, codex, ...
    agent_version     str    as the agent says it
    project           str    root folder of the repository, else the working directory
    session_id        str
    root_session_id   str    the session a human started; the session itself where it has no parent
    thread_id         str    a subagent inside the session; <NA>: the main thread
    is_sidechain      bool
    is_copy           bool   repeats what has a record of its own elsewhere
    seq               int    order in the source
    parent_event_id   str
    native_type       str    the source's own name of the record
    tool_name         str
    tool_call_id      str
    call_type         str    of a result: the type of the call it answers
    model             str
    usage_key         str    the response this event is a part of; tokens are in model_calls
    duration_ms       float
    exit_code         int
    lines_added       int
    lines_removed     int
    file_size_bytes   int
    file_path         str
    working_directory str
    branch            str
    commit            str
    repository        str    root folder of the main worktree
    machine           str
    workspace         str
    source_id         int    the source it was read from
    source_offset     int    byte offset of its record there
    sanitised         bool   bytes that JSON or the database refuses were replaced
    summary           str    at most 300 characters: the prompt's head, the command, the path, the error
    """,
)

SESSIONS = declare(
    "sessions",
    "one session of one agent, with its subagents inside",
    """
    session_id         str
    root_session_id    str
    parent_session_id  str    the session this one was forked or resumed from, where records are shared
    agent              str
    agent_version      str    the first one seen
    project            str
    working_directory  str    of the first event that says one, like all of the context
    branch             str    the first one seen
    repository         str
    machine            str
    workspace          str
    started_at         time   first event whose time is known
    ended_at           time   last event whose time is known
    duration_s         float  ended_at - started_at
    objective          str    head of the first human prompt
    title              str    the last title the agent or the user gave it
    models             object sorted list of the models that answered
    events             int
    human_turns        int    prompts that a human wrote
    model_calls        int    responses, each once
    subagent_calls     int    of them by subagents
    tool_calls         int    calls, each once
    tool_errors        int    of them failed, denied or interrupted
    commands           int    shell commands, of any class
    tests_run          int
    tests_passed       int
    tests_known        int    test runs whose outcome the source reported
    builds             int
    commits            int
    rollbacks          int
    searches           int
    edits              int    file writes, creations and deletions that did not fail: the rows of the frame edits
    files_modified     int    distinct files among the edits
    lines_added        int
    lines_removed      int
    errors             int    error events that are not results of tools
    compactions        int
    input_tokens       int    without cached ones; subagents included, like all tokens here
    output_tokens      int    reasoning included
    cache_read_tokens  int
    cache_write_tokens int    both lifetimes
    reasoning_tokens   int
    total_tokens       int    input + output + cache read + cache write
    cost_usd           float  of the priced calls; <NA>: none is priced
    unpriced_calls     int    calls whose price is unknown; they are not in cost_usd
    subagent_cost_usd  float  of the priced calls of subagents; inside cost_usd
    outcome            str    success | partial | failure | abandoned | unknown
    """,
)

MESSAGES = declare(
    "messages",
    "one message: a prompt, an answer, a thought, a note of the client",
    """
    event_id    str
    ts          time
    session_id  str
    thread_id   str
    agent       str
    project     str
    seq         int
    role        str   user | assistant | system
    is_human    bool  a prompt that a human wrote
    model       str
    native_type str
    text        str   the whole text, redacted
    """,
)

TOOL_CALLS = declare(
    "tool_calls",
    "one tool call, counted once, with what its result said",
    """
    event_id        str    of the call; <NA>: only its result is known
    result_event_id str    <NA>: no result is known
    session_id      str
    thread_id       str
    agent           str
    project         str
    tool_call_id    str
    tool_name       str
    type            str    events.EventType of the call: command_execute, test_run, file_read, ...
    started_at      time   when it was called
    ended_at        time   when its result was recorded
    duration_ms     float  as the source says, else ended_at - started_at, where both records say their times;
    status          str    ok | error | denied | interrupted; <NA>: no result is known
    exit_code       int
    file_path       str
    lines_added     int
    lines_removed   int
    target          str    what it acts on: the command, path, pattern or URL, at most 300 characters
    model           str    that asked for it
    """,
)

MODEL_CALLS = declare(
    "model_calls",
    "one response of a model, counted once by its usage_key: the accounting table",
    """
    usage_key             str
    event_id              str    the event whose usage counts
    session_id            str
    thread_id             str    a subagent; <NA>: the main thread
    is_sidechain          bool
    agent                 str
    project               str
    model                 str
    provider              str
    started_at            time   earliest record of the response
    input_tokens          int    without cached ones
    output_tokens         int    reasoning included
    cache_read_tokens     int
    cache_write_5m_tokens int
    cache_write_1h_tokens int
    reasoning_tokens      int
    web_search_requests   int
    service_tier          str
    speed                 str
    inference_geo         str
    basis                 str    measured | reported | priced | estimated | unknown
    cost_usd              float  <NA>: no known price
    price_version         str
    reported_cost_usd     float  as the agent said it
    """,
)

EDITS = declare(
    "edits",
    "one change of one file that succeeded or whose outcome is unknown",
    """
    event_id      str
    ts            time
    session_id    str
    thread_id     str
    agent         str
    project       str
    tool_name     str
    tool_call_id  str
    type          str   file_write | file_create | file_delete
    file_path     str
    status        str
    lines_added   int
    lines_removed int
    """,
)

CONTENTS = declare(
    "contents",
    "what a tool call was given, or what its result said, whole and redacted",
    """
    event_id str    of the call or of the result
    text     str    a call's arguments: JSON, or the bare command, patch or text; a result's output
    """,
)

STEPS = declare(
    "steps",
    "one thing that the agent, its user or its client did, in the order of the session: what detectors read",
    """
    session_id      str
    thread_id       str    a subagent inside the session; <NA>: the main thread
    agent           str
    project         str
    step            int    order in its session, from 0
    kind            str    prompt | answer | thought | note | interrupt | call | compaction | error | end
    type            str    events.EventType of the event or of the call
    event_id        str    of the message, of the call; of its result where the call is unknown
    result_event_id str    of a call: its result; <NA>: no result is known
    started_at      time
    ended_at        time   of a call: when its result was recorded
    timed           bool   its record says its own time
    duration_ms     float  of a call, as frames.TOOL_CALLS has it
    response        str    usage_key of the response this is a part of
    model           str
    tool_name       str
    target          str    what a call acts on, at most 300 characters
    status          str    ok | error | denied | interrupted; <NA>: no result is known, or it says nothing
    exit_code       int
    file_path       str
    lines_added     int
    lines_removed   int
    text            str    a call's arguments, a message's text; at most 8,000 characters
    output          str    of a call's result the first and last 2,000 characters
    output_chars    int    of all of it
    command         str    the shell command, where the call ran one
    argument_key    int    hash of the tool and its arguments; order of keys and white space aside
    output_key      int    hash of the result; times, ids and counters aside
    error_key       int    hash of what a failed call said; numbers, paths and hex aside
    old_text        str    of an edit: what it replaced, at most 4,000 characters
    new_text        str    of an edit: what it wrote, at most 4,000 characters
    old_key         int    hash of all that was replaced
    new_key         int    hash of all that was written
    read_range      str    of a read: first and last line or offset and limit; '': the whole file
    named_files     object base names of the files that a search or a command printed: list of str, at most 200
    failing         object names of the tests that a test run says failed: sorted list of str
    failed_tests    int    how many tests it says failed
    passed          bool   whether a test or build passed; <NA>: it is none, or does not say
    failed          bool   whether a call failed, was denied or interrupted, or is a check that did not pass
    open_todos      int    todos that are not done after this call, where it wrote the list
    """,
)

FINDINGS = declare(
    "findings",
    "one thing that a detector found, with its evidence",
    """
    finding_id       str    hash of the detector, the session and the evidence
    detector         str
    detector_version int
    session_id       str
    severity         str    info | low | medium | high | critical
    confidence       float  in [0, 1]: how surely the definition is met
    started_at       time   of the first step
    ended_at         time   of the last step
    event_ids        object evidence: list of event ids to open
    wasted_event_ids object of the calls and answers that were in vain: list of event ids
    parameters       object dict of the detector's parameters
    wasted_tokens    int    of the responses that asked for the wasted steps; <NA>: unknown, or nothing was in vain
    wasted_cost_usd  float  of the same; <NA>: no price, or nothing was in vain
    wasted_s         float  union of the wasted calls' spans, in seconds; <NA>: no times, or nothing was in vain
    explanation      str
    """,
)

USAGE = declare(
    "usage",
    "calls, tokens and cost of one group; the first columns are what it is grouped by",
    """
    model_calls           int
    input_tokens          int   without cached ones
    output_tokens         int   reasoning included
    cache_read_tokens     int
    cache_write_5m_tokens int
    cache_write_1h_tokens int
    reasoning_tokens      int
    web_search_requests   int
    total_tokens          int   input + output + cache read + cache writes
    cost_usd              float of the priced calls; <NA>: none is priced
    unpriced_calls        int   calls whose price is unknown
    """,
)

FRAMES = {
    frame.name: frame
    for frame in (
        EVENTS, SESSIONS, MESSAGES, TOOL_CALLS, MODEL_CALLS, EDITS, CONTENTS, STEPS, FINDINGS, USAGE,
    )
}  # fmt: skip
