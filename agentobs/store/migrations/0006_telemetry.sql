-- A session may be seen twice: in the files that its agent keeps, and by the agent's telemetry. It is one session.

-- Telemetry of an agent that keeps session files. Where it repeats what they say (is_copy) it counts only while they are missing.
ALTER TABLE kinds ADD COLUMN is_telemetry boolean NOT NULL DEFAULT false;
CREATE INDEX kinds_telemetry ON kinds (kind_id) WHERE is_telemetry;

-- request_id: of a usage; names a response to files and telemetry alike.
-- record_event_id: the event that has the raw record, where it has another time or session; null: the one of this record
-- with the same session and time (for events of before, if there is one).
ALTER TABLE agent_events ADD COLUMN request_id text COLLATE "C", ADD COLUMN record_event_id uuid;

-- is_told: by telemetry alone. is_muted: told, and in the session's files too: neither counted nor shown.
ALTER TABLE model_calls ADD COLUMN request_id text COLLATE "C", ADD COLUMN is_told boolean NOT NULL DEFAULT false,
    ADD COLUMN is_muted boolean NOT NULL DEFAULT false;
CREATE INDEX model_calls_request ON model_calls (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX model_calls_told ON model_calls (session_id) WHERE is_told;

-- told_ms: the shortest duration of all that telemetry says. Calls without an id of the agent's have a key like 'otel:...'.
ALTER TABLE tool_calls ADD COLUMN call_told boolean NOT NULL DEFAULT false, ADD COLUMN result_told boolean NOT NULL DEFAULT false,
    ADD COLUMN told_ms double precision, ADD COLUMN is_muted boolean NOT NULL DEFAULT false;
CREATE INDEX tool_calls_nameless ON tool_calls (session_id) WHERE call_key LIKE 'otel:%';

-- has_files: it has events that are neither copies nor telemetry; else what is told counts.
ALTER TABLE agent_sessions ADD COLUMN has_files boolean NOT NULL DEFAULT true, ADD COLUMN told_turns bigint NOT NULL DEFAULT 0,
    ADD COLUMN told_errors bigint NOT NULL DEFAULT 0, ADD COLUMN told_compactions bigint NOT NULL DEFAULT 0,
    ADD COLUMN objective_told boolean NOT NULL DEFAULT false;

-- An event's id begins with the milliseconds of its time.
CREATE FUNCTION time_of(id uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0);

CREATE OR REPLACE VIEW events AS
SELECT e.id AS event_id, e.ts, k.ts_quality, k.type, k.severity, k.status, k.role, c.agent, c.agent_version, c.project,
       e.session_id, c.root_session_id, c.thread_id, c.is_sidechain, k.is_copy, e.seq, e.parent_event_id, k.native_type,
       k.tool_name, e.tool_call_id, k.call_type, k.model, e.usage_key, e.duration_ms, e.exit_code, e.lines_added,
       e.lines_removed, e.file_size_bytes, e.file_path, c.working_directory, c.branch, e.commit, c.repository, c.machine,
       c.workspace, e.source_id, e.source_offset, k.sanitised, e.summary, e.data, e.tags, k.is_telemetry, e.request_id
FROM agent_events e JOIN contexts c USING (context_id) JOIN kinds k USING (kind_id);
