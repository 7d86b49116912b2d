"""Frames of analysis: what was done step by step, what was found in it, how it is scored, what people say of it."""

from agentobs.frames.shape import declare

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
    file_path       str    also of a shell command that does nothing but print one file
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
    read_range      str    lines that a read shows ('': the whole file), or that an edit by line numbers replaces
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
    started_at       time   of the first step; <NA>: its source knows no times
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

SCORES = declare(
    "scores",
    "how well one session went, by one variant of the score",
    """
    session_id         str
    variant            str    name and version: agentobs_v1 | devlog_v1
    score              float  0 to 100, higher is better; <NA>: unscored, too little is known
    scored             bool
    coverage           float  weight of the dimensions that could be observed, in [0, 1]
    confidence         float  in [0, 1]; from the coverage and the number of observations
    verification       float  dimension, 0 to 100; <NA>: not observed
    rework             float
    efficiency         float
    reliability        float
    safety             float
    human_effort       float
    penalties          object dict: what was taken off, by reason, in points
    outcome            str    success | partial | failure | abandoned | unknown
    outcome_confidence float  in [0, 1]
    evidence           object list of str: why this outcome
    """,
)

METRICS = declare(
    "metrics",
    "what one session achieved and what it took; a share of nothing, and what the source does not say, is <NA>",
    """
    session_id                 str
    agent                      str
    project                    str
    model                      str    of most of its responses
    started_at                 time
    outcome                    str    success | partial | failure | abandoned | unknown, by its own traces
    outcome_confidence         float  in [0, 1]; <NA>: unknown
    success_belief             float  in (0, 1), whatever the outcome is called; <NA>: no sign at all
    evidence                   object list of str: the signs, strongest first
    test_runs                  int    test runs, whatever came of them
    test_pass_rate             float  passed / test runs whose outcome is known
    test_passed_last           bool   the last test run whose outcome is known passed
    test_passed_any            bool   any did
    first_green_s              float  seconds from the first step to the first passed test or build; <NA>: none passed
    first_green_calls          int    calls before it; <NA>: none passed
    checks                     int    tests, builds, runs of programs, linters
    code_edits                 int    changes of files other than documents that did not fail
    verified_edits             int    of them those after which a check passed
    edits_verified_share       float  verified_edits / edits without those whose only later checks are unknown
    checks_per_edit            float  checks / code_edits
    verified_finish            bool   a check passed after the last edit; <NA>: no edits, or the checks do not say
    files_checked              int    edited files after whose first edit a check ran
    one_shot_rate              float  of them not edited again after that check
    failed_streaks             int    times that checks began to fail
    self_correction_rate       float  of them followed by an edit and a passed check before the next prompt
    lines_edited               int    lines that edits wrote; <NA>: no edit's text is known
    lines_edited_again         int    of them taken away or replaced by a later edit of the session
    rework_share               float  lines_edited_again / lines_edited
    cost_usd                   float  of the whole session; <NA>: a call has no known price
    cost_per_verified_edit_usd float
    tokens_per_verified_edit   float  tokens of all lanes
    s_per_verified_edit        float  active seconds of the agent
    cost_per_commit_usd        float
    tokens_per_commit          float
    s_per_commit               float
    wasted_cost_usd            float  of what findings name as in vain, nothing twice; <NA>: none of it has a price
    wasted_cost_share          float  of cost_usd
    wasted_tokens              int    of the same
    wasted_tokens_share        float  of the session's tokens
    wasted_calls_share         float  calls that findings name as in vain / calls
    cache_share                float  cache read / tokens sent; <NA>: the cache is not reported
    read_edit_ratio            float  reads and searches / edits that did not fail
    calls                      int    tool calls
    calls_known                int    of them those whose outcome is known
    call_errors                int    of those failed, denied, interrupted, or checks that did not pass
    call_error_rate            float  call_errors / calls_known
    errors_by_class            object dict of counts: permission, not_found, stale_file, timeout, syntax, ...
    failure_runs               int    times that a tool began to fail
    recovered_share            float  of them followed by its success within 20 calls
    recovery_steps             float  mean of calls from the first failure to that success
    prompts                    int    prompts that a human wrote: turns of the task
    human_active_s             float  seconds between the agent's end and the next prompt; a lower bound
    agent_active_s             float  seconds in which the model or a call was busy; <NA>: no times
    hei                        float  human_active_s / (human_active_s + agent_active_s); <NA>: no second prompt
    pushbacks                  int    prompts that reject or correct; <NA>: nobody looked
    interrupts                 int    times that the human stopped the agent
    denials                    int    calls that a human or a rule refused
    approvals                  int    times that a human was asked for leave; <NA>: the source does not say
    turn_median_s              float  of the agent's turns
    turn_p999_s                float  of the same: nearly the longest
    calls_per_prompt           float
    auto_approved_share        float  calls for which no human was asked / calls; <NA>: the source does not say
    """,
)

ANNOTATIONS = declare(
    "annotations",
    "what a person said of a session or a finding",
    """
    annotation_id int
    session_id    str
    finding_id    str   <NA>: of the session as a whole
    detector      str   of the finding
    label         str   such as success, failure, a team's own words
    agreed        bool  the finding is right; <NA>: of no finding
    note          str
    author        str
    created_at    time
    """,
)

HITS = declare(
    "hits",
    "one event that a search found, the newest first",
    """
    event_id   str
    ts         time
    session_id str
    thread_id  str   a subagent inside the session; <NA>: the main thread
    agent      str
    project    str
    type       str   events.EventType
    role       str   of a message: user | assistant | system
    tool_name  str
    status     str   of a result: ok | error | denied | interrupted
    file_path  str
    snippet    str   the piece of its text around the words, each between « and », on one line; redacted
    """,
)
