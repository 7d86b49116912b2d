-- A session that lost events is counted anew from the events that it has: minima cannot be taken back.
CREATE TEMP TABLE recount ON COMMIT DROP AS
SELECT id, ts, seq, session_id, context_id, ts_quality, type, role, native_type, is_copy, is_telemetry, summary, data
FROM agent_events JOIN kinds USING (kind_id) WHERE session_id IN (SELECT session_id FROM moved)
UNION ALL
SELECT id, ts, seq, session_id, context_id, ts_quality, type, role, native_type, is_copy, is_telemetry, summary, data
FROM staged_events WHERE session_id NOT IN (SELECT session_id FROM moved);
UPDATE agent_sessions SET events = 0, human_turns = 0, errors = 0, compactions = 0, has_files = false,
    told_turns = 0, told_errors = 0, told_compactions = 0, objective_told = false, started_at = NULL, ended_at = NULL,
    objective = NULL, objective_ts = NULL, objective_seq = NULL, objective_id = NULL,
    title = NULL, title_ts = NULL, title_seq = NULL, title_id = NULL, placeless = true, first_ts = 'infinity'
WHERE session_id IN (SELECT session_id FROM moved);
