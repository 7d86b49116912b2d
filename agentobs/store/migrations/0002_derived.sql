-- What is derived from events, kept in the transaction that stores them, and rebuilt by `agentobs rebuild`.

-- One row per tool call. The call and its result each come from the best of their copies: the smallest rank wins.
CREATE TABLE tool_calls (
    call_key          text COLLATE "C" PRIMARY KEY,  -- its id, behind its session's where it is short: events.call_key
    session_id        text COLLATE "C" NOT NULL,     -- this and what follows up to type: the call's, else its result's
    context_id        bigint NOT NULL,
    bucket            timestamptz NOT NULL,          -- quarter of an hour
    tool_name         text COLLATE "C",
    type              text COLLATE "C" NOT NULL,
    -- the call
    event_id          uuid,
    started_at        timestamptz,
    call_copy         boolean,
    call_owner        timestamptz,
    call_timed        boolean,                       -- its record says its time; only such times make a duration
    file_path         text COLLATE "C",
    target            text COLLATE "C",
    model             text COLLATE "C",
    -- its result
    result_event_id   uuid,
    ended_at          timestamptz,
    result_copy       boolean,
    result_owner      timestamptz,
    result_timed      boolean,
    status            text COLLATE "C",
    exit_code         bigint,
    reported_ms       double precision,
    lines_added       bigint,
    lines_removed     bigint,
    result_path       text COLLATE "C"
);
CREATE INDEX tool_calls_session ON tool_calls (session_id);
CREATE INDEX tool_calls_started ON tool_calls USING brin (started_at);

-- The accounting table: one row per response.
CREATE TABLE model_calls (
    usage_key             text COLLATE "C" PRIMARY KEY,
    session_id            text COLLATE "C" NOT NULL,
    context_id            bigint NOT NULL,
    kind_id               bigint NOT NULL,        -- model, provider, tier, basis, prices
    event_id              uuid NOT NULL,
    ts                    timestamptz NOT NULL,   -- of the event whose usage counts
    started_at            timestamptz NOT NULL,   -- earliest record of the response
    is_side               boolean NOT NULL,       -- a sidechain's or a copy's record
    owner_ts              timestamptz NOT NULL,
    input_tokens          bigint,
    output_tokens         bigint,
    cache_read_tokens     bigint,
    cache_write_5m_tokens bigint,
    cache_write_1h_tokens bigint,
    reasoning_tokens      bigint,
    web_search_requests   bigint,
    total_tokens          bigint NOT NULL,
    cost_pico_usd         bigint,
    reported_cost_usd     double precision
);
CREATE INDEX model_calls_session ON model_calls (session_id);
CREATE INDEX model_calls_started ON model_calls USING brin (started_at);

CREATE TABLE agent_sessions (
    session_id    text COLLATE "C" PRIMARY KEY,
    placeless     boolean NOT NULL,               -- no event says a working directory yet
    first_ts      timestamptz NOT NULL,           -- first_*: the earliest event, if possible of those that say where;
                                                  -- it gives the session its context
    first_seq     bigint NOT NULL,
    first_id      uuid NOT NULL,
    context_id    bigint NOT NULL,
    started_at    timestamptz,
    ended_at      timestamptz,
    objective     text COLLATE "C",
    objective_ts  timestamptz,
    objective_seq bigint,
    objective_id  uuid,
    title         text COLLATE "C",
    title_ts      timestamptz,
    title_seq     bigint,
    title_id      uuid,
    events        bigint NOT NULL,
    human_turns   bigint NOT NULL,
    errors        bigint NOT NULL,
    compactions   bigint NOT NULL,
    tool_calls    bigint NOT NULL DEFAULT 0,
    tool_errors   bigint NOT NULL DEFAULT 0,
    commands      bigint NOT NULL DEFAULT 0,
    tests_run     bigint NOT NULL DEFAULT 0,
    tests_known   bigint NOT NULL DEFAULT 0,
    tests_passed  bigint NOT NULL DEFAULT 0,
    builds        bigint NOT NULL DEFAULT 0,
    commits       bigint NOT NULL DEFAULT 0,
    rollbacks     bigint NOT NULL DEFAULT 0,
    searches      bigint NOT NULL DEFAULT 0,
    edits         bigint NOT NULL DEFAULT 0,
    lines_added   bigint NOT NULL DEFAULT 0,
    lines_removed bigint NOT NULL DEFAULT 0,
    added_known   bigint NOT NULL DEFAULT 0,      -- edits that said how many lines; 0: the sum is unknown
    removed_known bigint NOT NULL DEFAULT 0
);
CREATE INDEX agent_sessions_started ON agent_sessions (started_at);

CREATE TABLE session_files (
    session_id text COLLATE "C" NOT NULL,
    file_path  text COLLATE "C" NOT NULL,
    edits      bigint NOT NULL,
    PRIMARY KEY (session_id, file_path)
);

CREATE TABLE session_usage (
    session_id            text COLLATE "C" NOT NULL,
    model                 text COLLATE "C" NOT NULL,          -- '': unknown
    is_subagent           boolean NOT NULL,
    model_calls           bigint NOT NULL,
    unpriced_calls        bigint NOT NULL,
    input_tokens                numeric NOT NULL,
    output_tokens               numeric NOT NULL,
    cache_read_tokens           numeric NOT NULL,
    cache_write_5m_tokens       numeric NOT NULL,
    cache_write_1h_tokens       numeric NOT NULL,
    reasoning_tokens            numeric NOT NULL,
    web_search_requests         numeric NOT NULL,
    known_input_tokens          bigint NOT NULL,
    known_output_tokens         bigint NOT NULL,
    known_cache_read_tokens     bigint NOT NULL,
    known_cache_write_5m_tokens bigint NOT NULL,
    known_cache_write_1h_tokens bigint NOT NULL,
    known_reasoning_tokens      bigint NOT NULL,
    known_web_search_requests   bigint NOT NULL,
    cost_pico_usd         numeric NOT NULL,
    PRIMARY KEY (session_id, model, is_subagent)
);

-- Records that two sessions share: the child's history begins inside the parent. Not derived: copies are not stored.
CREATE TABLE session_lineage (
    session_id        text COLLATE "C" NOT NULL,
    parent_session_id text COLLATE "C" NOT NULL,
    shared_until      timestamptz NOT NULL,
    PRIMARY KEY (session_id, parent_session_id)
);

-- known_*: how many calls said anything about a lane; 0: its sum is unknown, not zero.

-- Quarter-hours, so that a day can be cut in any zone. '' stands for unknown in the keys.
CREATE TABLE rollup_events (
    bucket  timestamptz NOT NULL,
    agent   text COLLATE "C" NOT NULL,
    project text COLLATE "C" NOT NULL,
    type    text COLLATE "C" NOT NULL,
    events  bigint NOT NULL,
    PRIMARY KEY (bucket, agent, project, type)
);

CREATE TABLE rollup_usage (
    bucket                timestamptz NOT NULL,
    agent                 text COLLATE "C" NOT NULL,
    project               text COLLATE "C" NOT NULL,
    model                 text COLLATE "C" NOT NULL,
    is_subagent           boolean NOT NULL,
    model_calls           bigint NOT NULL,
    unpriced_calls        bigint NOT NULL,
    input_tokens                numeric NOT NULL,
    output_tokens               numeric NOT NULL,
    cache_read_tokens           numeric NOT NULL,
    cache_write_5m_tokens       numeric NOT NULL,
    cache_write_1h_tokens       numeric NOT NULL,
    reasoning_tokens            numeric NOT NULL,
    web_search_requests         numeric NOT NULL,
    known_input_tokens          bigint NOT NULL,
    known_output_tokens         bigint NOT NULL,
    known_cache_read_tokens     bigint NOT NULL,
    known_cache_write_5m_tokens bigint NOT NULL,
    known_cache_write_1h_tokens bigint NOT NULL,
    known_reasoning_tokens      bigint NOT NULL,
    known_web_search_requests   bigint NOT NULL,
    cost_pico_usd         numeric NOT NULL,
    PRIMARY KEY (bucket, agent, project, model, is_subagent)
);

-- Durations in log-spaced bins (four per doubling), so that percentiles of any group can be merged; -1: unknown.
CREATE TABLE rollup_tools (
    bucket       timestamptz NOT NULL,
    agent        text COLLATE "C" NOT NULL,
    project      text COLLATE "C" NOT NULL,
    tool_name    text COLLATE "C" NOT NULL,
    type         text COLLATE "C" NOT NULL,
    status       text COLLATE "C" NOT NULL,
    duration_bin smallint NOT NULL,
    calls        bigint NOT NULL,
    PRIMARY KEY (bucket, agent, project, tool_name, type, status, duration_bin)
);
