-- Changes of files in [since, until) that did not fail.
-- Parameters: as read_events. Columns: frames.EDITS.
SELECT coalesce(t.event_id, t.result_event_id) AS event_id, coalesce(t.started_at, t.ended_at) AT TIME ZONE 'UTC' AS ts,
       t.session_id, t.tool_name, CASE WHEN starts_with(t.call_key, t.session_id || ':') THEN substr(t.call_key, length(t.session_id) + 2)
            ELSE t.call_key END AS tool_call_id, t.type, coalesce(t.result_path, t.file_path) AS file_path, t.status,
       t.lines_added, t.lines_removed, t.context_id
FROM tool_calls t
WHERE t.type IN ('file_write', 'file_create', 'file_delete')
  AND coalesce(t.status, 'ok') NOT IN ('error', 'denied', 'interrupted')
  AND (%(since)s::timestamptz IS NULL OR coalesce(t.started_at, t.ended_at) >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR coalesce(t.started_at, t.ended_at) < %(until)s)
  AND (%(session)s::text[] IS NULL OR t.session_id = ANY(%(session)s))
  AND (%(model)s::text[] IS NULL OR t.model = ANY(%(model)s))
  AND (%(tool)s::text[] IS NULL OR t.tool_name = ANY(%(tool)s))
  AND (%(type)s::text[] IS NULL OR t.type = ANY(%(type)s))
  AND ((%(agent)s::text[] IS NULL AND %(project)s::text[] IS NULL) OR t.context_id IN (
        SELECT context_id FROM contexts
        WHERE (%(agent)s::text[] IS NULL OR agent = ANY(%(agent)s)) AND (%(project)s::text[] IS NULL OR project = ANY(%(project)s))))
