-- Mute what telemetry tells of {events} and the files of a session say too, and join what telemetry alone knows.
IF EXISTS (SELECT FROM kinds WHERE is_telemetry) THEN
-- 1. How long a call took: the shortest of what is told, for a span may hold the wait for a permission.
WITH told AS MATERIALIZED (
    SELECT call_key, min(duration_ms) AS ms
    FROM (SELECT CASE WHEN length(tool_call_id) >= 20 THEN tool_call_id ELSE session_id || ':' || tool_call_id END AS call_key, duration_ms
          FROM {events}
          WHERE is_telemetry AND tool_call_id IS NOT NULL AND type = 'tool_result' AND duration_ms IS NOT NULL) results
    GROUP BY call_key
), before AS MATERIALIZED (
    SELECT t.* FROM tool_calls t JOIN told USING (call_key) WHERE t.told_ms IS NULL OR told.ms < t.told_ms
), changed AS (
    UPDATE tool_calls t SET told_ms = told.ms FROM told
    WHERE t.call_key = told.call_key AND (t.told_ms IS NULL OR told.ms < t.told_ms) RETURNING t.*
)
INSERT INTO call_changes
SELECT -1, before.* FROM before WHERE NOT is_muted UNION ALL SELECT 1, changed.* FROM changed WHERE NOT is_muted;
-- 2. Calls without an id of the agent's count while no record of the session's files is a call.
WITH judged AS MATERIALIZED (
    SELECT call_key, EXISTS (
        SELECT FROM tool_calls f
        WHERE f.session_id = t.session_id AND (f.event_id IS NOT NULL AND NOT f.call_told OR f.result_event_id IS NOT NULL AND NOT f.result_told)
    ) AS mute
    FROM tool_calls t
    WHERE t.call_key LIKE 'otel:%' AND t.session_id = ANY(ARRAY(SELECT DISTINCT session_id FROM call_changes))
), changed AS (
    UPDATE tool_calls t SET is_muted = judged.mute FROM judged
    WHERE t.call_key = judged.call_key AND t.is_muted <> judged.mute RETURNING t.*
)
INSERT INTO call_changes SELECT CASE WHEN is_muted THEN -1 ELSE 1 END, changed.* FROM changed;
-- 3. Responses count while no usage of a file has their request; where one side does not name its requests, while the
-- session has no usage from files at all.
WITH told AS MATERIALIZED (
    SELECT usage_key, session_id, request_id FROM model_calls
    WHERE is_told AND session_id = ANY(ARRAY(SELECT DISTINCT session_id FROM usage_changes))
    UNION
    SELECT usage_key, session_id, request_id FROM model_calls
    WHERE is_told AND request_id = ANY(ARRAY(SELECT DISTINCT request_id FROM usage_changes WHERE request_id IS NOT NULL))
    UNION
    SELECT usage_key, session_id, request_id FROM model_calls
    WHERE is_told AND usage_key = ANY(ARRAY(SELECT usage_key FROM usage_again))
), of_files AS MATERIALIZED (
    SELECT session_id, bool_or(request_id IS NULL) AS is_nameless FROM model_calls
    WHERE NOT is_told AND session_id = ANY(ARRAY(SELECT DISTINCT session_id FROM told)) GROUP BY session_id
), requests AS MATERIALIZED (
    SELECT DISTINCT request_id FROM model_calls WHERE NOT is_told AND request_id = ANY(ARRAY(SELECT request_id FROM told))
), judged AS MATERIALIZED (
    SELECT usage_key, r.request_id IS NOT NULL OR f.session_id IS NOT NULL AND (f.is_nameless OR told.request_id IS NULL) AS mute
    FROM told LEFT JOIN of_files f USING (session_id) LEFT JOIN requests r USING (request_id)
), changed AS (
    UPDATE model_calls m SET is_muted = judged.mute FROM judged
    WHERE m.usage_key = judged.usage_key AND m.is_muted <> judged.mute RETURNING m.*
)
INSERT INTO usage_changes SELECT CASE WHEN is_muted THEN -1 ELSE 1 END, changed.* FROM changed;
END IF;
