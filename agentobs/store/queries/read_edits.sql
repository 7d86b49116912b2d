-- Changes of files in [since, until) that did not fail; a patch of several files is an edit of each: the call's, and its
-- parts, events without a tool_call_id whose parent it is.
-- Parameters: as read_events. Columns: frames.EDITS.
WITH calls AS MATERIALIZED (
    SELECT coalesce(t.event_id, t.result_event_id) AS event_id, coalesce(t.started_at, t.ended_at) AS ts, t.session_id, t.tool_name,
           CASE WHEN starts_with(t.call_key, t.session_id || ':') THEN substr(t.call_key, length(t.session_id) + 2)
                ELSE t.call_key END AS tool_call_id,
           t.type, coalesce(t.result_path, t.file_path) AS file_path, t.status, t.lines_added, t.lines_removed, t.context_id,
           t.event_id IS NOT NULL AS is_called
    FROM tool_calls t
    WHERE t.type IN ('file_write', 'file_create', 'file_delete') AND NOT t.is_muted
      AND coalesce(t.status, 'ok') NOT IN ('error', 'denied', 'interrupted')
      AND (%(since)s::timestamptz IS NULL OR coalesce(t.started_at, t.ended_at) >= %(since)s)
      AND (%(until)s::timestamptz IS NULL OR coalesce(t.started_at, t.ended_at) < %(until)s)
      AND (%(session)s::text[] IS NULL OR t.session_id = ANY(%(session)s))
      AND (%(model)s::text[] IS NULL OR t.model = ANY(%(model)s))
      AND (%(tool)s::text[] IS NULL OR t.tool_name = ANY(%(tool)s))
      AND ((%(agent)s::text[] IS NULL AND %(project)s::text[] IS NULL) OR t.context_id IN (
            SELECT context_id FROM contexts
            WHERE (%(agent)s::text[] IS NULL OR agent = ANY(%(agent)s)) AND (%(project)s::text[] IS NULL OR project = ANY(%(project)s))))
), parts AS MATERIALIZED (
    SELECT e.id, e.parent_event_id AS call_id, k.type, e.file_path, e.lines_added, e.lines_removed
    FROM calls c
    CROSS JOIN LATERAL (SELECT * FROM agent_events e WHERE e.ts = c.ts AND e.parent_event_id = c.event_id OFFSET 0) e
    JOIN kinds k USING (kind_id)
    WHERE e.tool_call_id IS NULL AND k.type IN ('file_write', 'file_create', 'file_delete')
), sums AS (
    SELECT call_id, CASE WHEN count(*) = count(lines_added) THEN sum(lines_added)::bigint END AS lines_added,
           CASE WHEN count(*) = count(lines_removed) THEN sum(lines_removed)::bigint END AS lines_removed
    FROM parts GROUP BY call_id
)
SELECT event_id, ts AT TIME ZONE 'UTC' AS ts, session_id, tool_name, tool_call_id, type, file_path, status, lines_added, lines_removed,
       context_id
FROM (
    SELECT c.event_id, c.ts, c.session_id, c.tool_name, c.tool_call_id, c.type, c.file_path, c.status,
           CASE WHEN s.call_id IS NULL THEN c.lines_added WHEN c.is_called THEN own.lines_added
                ELSE c.lines_added - s.lines_added END AS lines_added,
           CASE WHEN s.call_id IS NULL THEN c.lines_removed WHEN c.is_called THEN own.lines_removed
                ELSE c.lines_removed - s.lines_removed END AS lines_removed,
           c.context_id
    FROM calls c
    LEFT JOIN sums s ON s.call_id = c.event_id
    LEFT JOIN agent_events own ON s.call_id IS NOT NULL AND own.ts = c.ts AND own.id = c.event_id
    UNION ALL
    SELECT p.id, c.ts, c.session_id, c.tool_name, c.tool_call_id, p.type, p.file_path, c.status, p.lines_added, p.lines_removed, c.context_id
    FROM parts p JOIN calls c ON c.event_id = p.call_id
) edits
WHERE (%(type)s::text[] IS NULL OR type = ANY(%(type)s))
