-- Events, what they are read from, and what cannot be stored. See DESIGN: one dialect, each event exactly once.

CREATE SEQUENCE batch_ids;

-- The sum of two objects of counts, key by key.
CREATE FUNCTION add_counts(a jsonb, b jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(key, n), '{}')
    FROM (SELECT key, sum(value::numeric) AS n
          FROM (SELECT * FROM jsonb_each_text(a) UNION ALL SELECT * FROM jsonb_each_text(b)) pairs
          GROUP BY key) sums
$$;

-- A source: one file (or document, database, spool segment) in one generation of its life.
CREATE TABLE sources (
    source_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    adapter          text COLLATE "C" NOT NULL,
    adapter_version  integer NOT NULL,
    path             text COLLATE "C" NOT NULL,
    device           bigint NOT NULL,
    inode            bigint NOT NULL,
    generation       integer NOT NULL DEFAULT 0,
    head_hash        bytea,                       -- of the first complete line
    tail_hash        bytea,                       -- of the last 4 KiB before position
    position         bigint NOT NULL DEFAULT 0,   -- bytes read and committed
    size_bytes       bigint NOT NULL DEFAULT 0,   -- when last looked at
    content_version  bigint NOT NULL DEFAULT 0,   -- of documents that are rewritten whole
    memory           bytea,                       -- the parser's state at position
    zone             text COLLATE "C" NOT NULL DEFAULT 'UTC', -- in which naive times are read
    first_ts         timestamptz,                 -- of its first event: who owns copied events
    state            text COLLATE "C" NOT NULL DEFAULT 'active',  -- active | replaced | gone
    records          bigint NOT NULL DEFAULT 0,
    event_records    bigint NOT NULL DEFAULT 0,   -- records = event_records + skipped + rejected
    skipped          bigint NOT NULL DEFAULT 0,
    rejected         bigint NOT NULL DEFAULT 0,
    events           bigint NOT NULL DEFAULT 0,   -- events read; of them
    stored           bigint NOT NULL DEFAULT 0,   --   new when they came
    copies           bigint NOT NULL DEFAULT 0,   --   already there
    conflicts        bigint NOT NULL DEFAULT 0,   --   same id, other payload: quarantined
    refused          bigint NOT NULL DEFAULT 0,   --   refused by the server: quarantined
    expired          bigint NOT NULL DEFAULT 0,   --   older than the retention
    skips            jsonb NOT NULL DEFAULT '{}', -- reason -> records
    unknowns         jsonb NOT NULL DEFAULT '{}', -- agent version / native type -> records we do not know
    redactions       jsonb NOT NULL DEFAULT '{}', -- rule -> hits
    physical         jsonb NOT NULL DEFAULT '{}', -- lane -> tokens, as the records say, repeats included
    first_seen_at    timestamptz NOT NULL DEFAULT now(),
    last_commit_at   timestamptz,
    UNIQUE (device, inode, generation)
);
CREATE INDEX sources_path ON sources (path);

-- What many events share. The key is a hash of all other columns, so that writers never wait for each other.
CREATE TABLE contexts (
    context_id        bigint PRIMARY KEY,
    agent             text COLLATE "C" NOT NULL,
    agent_version     text COLLATE "C",
    project           text COLLATE "C",
    root_session_id   text COLLATE "C",
    thread_id         text COLLATE "C",
    is_sidechain      boolean NOT NULL,
    working_directory text COLLATE "C",
    branch            text COLLATE "C",
    repository        text COLLATE "C",
    machine           text COLLATE "C",
    workspace         text COLLATE "C"
);

-- What an event is, apart from its own values; also a hash as its key. Few rows: events repeat themselves.
CREATE TABLE kinds (
    kind_id       bigint PRIMARY KEY,
    type          text COLLATE "C" NOT NULL,
    severity      text COLLATE "C" NOT NULL,
    status        text COLLATE "C",
    role          text COLLATE "C",
    native_type   text COLLATE "C",
    ts_quality    text COLLATE "C" NOT NULL,
    is_copy       boolean NOT NULL,
    is_forked     boolean NOT NULL,
    sanitised     boolean NOT NULL,
    tool_name     text COLLATE "C",
    call_type     text COLLATE "C",
    model         text COLLATE "C",
    provider      text COLLATE "C",
    basis         text COLLATE "C",
    service_tier  text COLLATE "C",
    speed         text COLLATE "C",
    inference_geo text COLLATE "C",
    price_version text COLLATE "C"
);

CREATE TABLE agent_events (
    ts                    timestamptz NOT NULL,
    id                    uuid NOT NULL,
    session_id            text COLLATE "C" NOT NULL,
    seq                   bigint NOT NULL,
    context_id            bigint NOT NULL,
    kind_id               bigint NOT NULL,
    source_id             bigint NOT NULL,
    source_offset         bigint NOT NULL,
    batch_id              bigint NOT NULL,
    digest                bigint NOT NULL,        -- of the payload: tells a copy from a conflict
    part                  smallint NOT NULL,
    tool_call_id          text COLLATE "C",
    usage_key             text COLLATE "C",
    parent_event_id       uuid,
    input_tokens          bigint,
    output_tokens         bigint,
    cache_read_tokens     bigint,
    cache_write_5m_tokens bigint,
    cache_write_1h_tokens bigint,
    reasoning_tokens      bigint,
    web_search_requests   bigint,
    cost_pico_usd         bigint,                 -- 1e-12 USD, so that sums are exact
    reported_cost_usd     double precision,
    duration_ms           double precision,
    exit_code             bigint,
    lines_added           bigint,
    lines_removed         bigint,
    file_size_bytes       bigint,
    commit                text COLLATE "C",
    file_path             text COLLATE "C",
    summary               text COLLATE "C",
    data                  jsonb,
    tags                  jsonb,
    raw                   bytea,                  -- zstd; on the first event of its record
    PRIMARY KEY (ts, id)
);
ALTER TABLE agent_events ALTER COLUMN raw SET STORAGE EXTERNAL;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        PERFORM create_hypertable('agent_events', 'ts', chunk_time_interval => INTERVAL '7 days', create_default_indexes => false);
    END IF;
END
$$;
CREATE INDEX agent_events_session ON agent_events (session_id, ts, seq);

-- Events with the names that people know, for SQL by hand.
CREATE VIEW events AS
SELECT e.id AS event_id, e.ts, k.ts_quality, k.type, k.severity, k.status, k.role, c.agent, c.agent_version, c.project,
       e.session_id, c.root_session_id, c.thread_id, c.is_sidechain, k.is_copy, e.seq, e.parent_event_id, k.native_type,
       k.tool_name, e.tool_call_id, k.call_type, k.model, e.usage_key, e.duration_ms, e.exit_code, e.lines_added,
       e.lines_removed, e.file_size_bytes, e.file_path, c.working_directory, c.branch, e.commit, c.repository, c.machine,
       c.workspace, e.source_id, e.source_offset, k.sanitised, e.summary, e.data, e.tags
FROM agent_events e JOIN contexts c USING (context_id) JOIN kinds k USING (kind_id);

CREATE TABLE quarantine (
    source_id     bigint NOT NULL,
    source_offset bigint NOT NULL,
    part          integer NOT NULL,
    reason        text COLLATE "C" NOT NULL,
    detail        text COLLATE "C",
    event_id      uuid,
    raw           bytea,                          -- zstd, redacted; of a huge record its head
    size_bytes    bigint NOT NULL,
    sha256        text COLLATE "C",
    at            timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source_id, source_offset, part, reason)
);

-- What was committed, in the order of its commits: the cursor of every reader of the stream.
CREATE TABLE batches (
    position     bigint PRIMARY KEY,
    batch_id     bigint NOT NULL UNIQUE,
    events       bigint NOT NULL,
    min_ts       timestamptz,
    max_ts       timestamptz,
    committed_at timestamptz NOT NULL DEFAULT now()
);

-- Events before the horizon were dropped on purpose; it only moves forward.
CREATE TABLE retention (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    horizon timestamptz NOT NULL
);
INSERT INTO retention (horizon) VALUES ('-infinity');
