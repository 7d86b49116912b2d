"""Frames of what was recorded: events, and the sessions, messages, calls and edits that follow from them."""

from agentobs.frames.shape import declare

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
