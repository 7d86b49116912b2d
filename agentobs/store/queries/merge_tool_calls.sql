-- Merge the calls and results of {events} (what is staged, or refolded after merge_copies) into tool_calls;
-- `call_changes` gets the rows before (-1) and after (+1).
-- Of several copies the smallest (is_copy, is_telemetry, owner's first ts, ts, id) wins, whatever the order of commits; the same event
-- comes again only when its owner changed.
INSERT INTO call_parts
SELECT coalesce(c.call_key, r.call_key), coalesce(c.session_id, r.session_id), coalesce(c.context_id, r.context_id),
       date_bin('15 minutes', coalesce(c.ts, r.ts), '2000-01-01Z'),
       coalesce(c.tool_name, r.tool_name), coalesce(c.type, r.call_type, 'tool_invocation'),
       c.id, c.ts, c.is_copy, c.owner_ts, c.timed, c.file_path, c.summary, c.model,
       r.id, r.ts, r.is_copy, r.owner_ts, r.timed, r.status, r.exit_code, r.duration_ms, r.lines_added, r.lines_removed,
       r.file_path, coalesce(c.is_telemetry, false), coalesce(r.is_telemetry, false), NULL, false
FROM (
    SELECT DISTINCT ON (call_key) *
    FROM (SELECT CASE WHEN length(tool_call_id) >= 20 THEN tool_call_id ELSE session_id || ':' || tool_call_id END AS call_key,
                 session_id, context_id, ts, tool_name, type, id, is_copy, is_telemetry, owner_ts, file_path, summary, model,
                 ts_quality IN ('exact', 'naive') AS timed
          FROM {events} WHERE tool_call_id IS NOT NULL AND type <> 'tool_result') calls
    ORDER BY call_key, is_copy, is_telemetry, owner_ts, ts, id
) c
FULL JOIN (
    SELECT DISTINCT ON (call_key) *
    FROM (SELECT CASE WHEN length(tool_call_id) >= 20 THEN tool_call_id ELSE session_id || ':' || tool_call_id END AS call_key,
                 session_id, context_id, ts, tool_name, call_type, id, is_copy, is_telemetry, owner_ts, file_path, status, exit_code,
                 duration_ms, lines_added, lines_removed, ts_quality IN ('exact', 'naive') AS timed
          FROM {events} WHERE tool_call_id IS NOT NULL AND type = 'tool_result') results
    ORDER BY call_key, is_copy, is_telemetry, owner_ts, ts, id
) r ON r.call_key = c.call_key;
WITH new AS (INSERT INTO tool_calls SELECT * FROM call_parts ORDER BY call_key ON CONFLICT DO NOTHING RETURNING *)
INSERT INTO call_changes SELECT 1, new.* FROM new;
-- Mostly all is new. The rest, few rows, meets what is there.
IF (SELECT count(*) FROM call_parts) > (SELECT count(*) FROM call_changes WHERE sign = 1) THEN
INSERT INTO call_again
SELECT p.* FROM call_parts p
WHERE NOT EXISTS (SELECT FROM call_changes c WHERE c.sign = 1 AND c.call_key = p.call_key);
INSERT INTO call_changes
SELECT -1, t.* FROM tool_calls t WHERE t.call_key = ANY(ARRAY(SELECT call_key FROM call_again)) AND NOT t.is_muted;
UPDATE tool_calls t
SET session_id = p.session_id, context_id = p.context_id, bucket = p.bucket, type = p.type,
    tool_name = coalesce(p.tool_name, t.tool_name), event_id = p.event_id, started_at = p.started_at,
    call_copy = p.call_copy, call_told = p.call_told, call_owner = p.call_owner, call_timed = p.call_timed, file_path = p.file_path, target = p.target, model = p.model
FROM call_again p
WHERE t.call_key = p.call_key AND t.call_key = ANY(ARRAY(SELECT call_key FROM call_again)) AND p.event_id IS NOT NULL
  AND (t.event_id IS NULL OR (p.call_copy, p.call_told, p.call_owner, p.started_at, p.event_id)
                          <= (t.call_copy, t.call_told, t.call_owner, t.started_at, t.event_id));
UPDATE tool_calls t
SET result_event_id = p.result_event_id, ended_at = p.ended_at, result_copy = p.result_copy, result_told = p.result_told,
    result_owner = p.result_owner, result_timed = p.result_timed, status = p.status, exit_code = p.exit_code, reported_ms = p.reported_ms,
    lines_added = p.lines_added, lines_removed = p.lines_removed, result_path = p.result_path,
    session_id = CASE WHEN t.event_id IS NULL THEN p.session_id ELSE t.session_id END,
    context_id = CASE WHEN t.event_id IS NULL THEN p.context_id ELSE t.context_id END,
    bucket = CASE WHEN t.event_id IS NULL THEN p.bucket ELSE t.bucket END,
    type = CASE WHEN t.event_id IS NULL THEN p.type ELSE t.type END,
    tool_name = CASE WHEN t.event_id IS NULL THEN p.tool_name ELSE coalesce(t.tool_name, p.tool_name) END
FROM call_again p
WHERE t.call_key = p.call_key AND t.call_key = ANY(ARRAY(SELECT call_key FROM call_again)) AND p.result_event_id IS NOT NULL
  AND (t.result_event_id IS NULL OR (p.result_copy, p.result_told, p.result_owner, p.ended_at, p.result_event_id)
                                 <= (t.result_copy, t.result_told, t.result_owner, t.ended_at, t.result_event_id));
INSERT INTO call_changes
SELECT 1, t.* FROM tool_calls t WHERE t.call_key = ANY(ARRAY(SELECT call_key FROM call_again)) AND NOT t.is_muted;
END IF;
