-- Who may use the server, who did what there, and whose projects a role of the database may read.

CREATE TABLE api_keys (
    key_id       text COLLATE "C" PRIMARY KEY,
    secret_hash  bytea NOT NULL,                  -- SHA-256 of the secret; the secret is nowhere
    name         text,
    project      text COLLATE "C",                -- null: all projects
    scopes       text[] NOT NULL CHECK (cardinality(scopes) > 0 AND scopes <@ '{ingest,read,admin}'),
    events_per_s double precision CHECK (events_per_s > 0),  -- null: as the server says
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    revoked_at   timestamptz
);

CREATE TABLE audit_log (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL,
    actor    text COLLATE "C" NOT NULL,           -- 'key:<id>', 'owner' or 'cli:<user>'
    action   text COLLATE "C" NOT NULL,
    target   text,
    address  text
);
CREATE INDEX audit_log_at ON audit_log (at);

-- Which projects a role reads through the views of the schema `granted`: a name as frames show it, or '*' for all.
CREATE TABLE project_grants (
    role_name text COLLATE "C" NOT NULL,
    project   text COLLATE "C" NOT NULL,
    PRIMARY KEY (role_name, project)
);

-- session_user: a connection cannot change it, as it can its current role.
CREATE FUNCTION granted_projects() RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT coalesce(array_agg(DISTINCT g.project), '{}')
    FROM project_grants g JOIN pg_roles r ON r.rolname = g.role_name
    WHERE pg_has_role(session_user, r.oid, 'USAGE')
$$;

CREATE SCHEMA granted;
CREATE FUNCTION granted.reads(project text, projects text[]) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN '*' = ANY (projects) OR coalesce(project = ANY (projects), false);

CREATE VIEW granted.events WITH (security_barrier) AS
SELECT e.* FROM events e WHERE granted.reads(e.project, (SELECT granted_projects()));

CREATE VIEW granted.sessions WITH (security_barrier) AS
SELECT c.agent, c.project, c.working_directory, c.branch, c.machine, s.*
FROM agent_sessions s JOIN contexts c USING (context_id)
WHERE granted.reads(c.project, (SELECT granted_projects()));

CREATE VIEW granted.model_calls WITH (security_barrier) AS
SELECT c.agent, c.project, k.model, k.provider, m.usage_key, m.session_id, m.event_id, m.ts, m.input_tokens,
       m.output_tokens, m.cache_read_tokens, m.cache_write_5m_tokens, m.cache_write_1h_tokens, m.reasoning_tokens,
       m.total_tokens, m.cost_pico_usd / 1e12 AS cost_usd, m.reported_cost_usd
FROM model_calls m JOIN contexts c USING (context_id) JOIN kinds k USING (kind_id)
WHERE NOT m.is_muted AND granted.reads(c.project, (SELECT granted_projects()));

CREATE VIEW granted.tool_calls WITH (security_barrier) AS
SELECT c.agent, c.project, t.call_key, t.session_id, t.event_id, t.started_at, t.ended_at, t.tool_name, t.type,
       t.status, t.exit_code, t.file_path, t.target, t.lines_added, t.lines_removed
FROM tool_calls t JOIN contexts c USING (context_id)
WHERE NOT t.is_muted AND granted.reads(c.project, (SELECT granted_projects()));

-- What is in the views is what was granted: everybody may ask them. The tables stay closed.
GRANT USAGE ON SCHEMA granted TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA granted TO PUBLIC;

-- The reader of dashboards and notebooks sees every project, but neither keys nor who did what.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'agentobs_reader') THEN
        REVOKE ALL ON api_keys, audit_log, project_grants FROM agentobs_reader;
    END IF;
END
$$;
