-- Tool calls that started in [since, until), with what their results said.
-- Parameters: as read_events. Columns: frames.TOOL_CALLS. duration_ms: null while no result is known, or a time is inherited.
SELECT t.event_id, t.result_event_id, t.session_id, CASE WHEN starts_with(t.call_key, t.session_id || ':') THEN substr(t.call_key, length(t.session_id) + 2)
            ELSE t.call_key END AS tool_call_id, t.tool_name, t.type,
       t.started_at AT TIME ZONE 'UTC' AS started_at, t.ended_at AT TIME ZONE 'UTC' AS ended_at,
       coalesce(t.reported_ms, t.told_ms, CASE WHEN NOT (t.call_timed AND t.result_timed) THEN NULL WHEN t.ended_at < t.started_at THEN 0
                                   ELSE extract(epoch FROM t.ended_at - t.started_at) * 1000 END)::float AS duration_ms,
       t.status, t.exit_code, coalesce(t.result_path, t.file_path) AS file_path, t.lines_added, t.lines_removed,
       t.target, t.model, t.context_id
FROM tool_calls t
WHERE NOT t.is_muted
  AND (%(since)s::timestamptz IS NULL OR coalesce(t.started_at, t.ended_at) >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR coalesce(t.started_at, t.ended_at) < %(until)s)
  AND (%(session)s::text[] IS NULL OR t.session_id = ANY(%(session)s))
  AND (%(model)s::text[] IS NULL OR t.model = ANY(%(model)s))
  AND (%(tool)s::text[] IS NULL OR t.tool_name = ANY(%(tool)s))
  AND (%(type)s::text[] IS NULL OR t.type = ANY(%(type)s))
  AND ((%(agent)s::text[] IS NULL AND %(project)s::text[] IS NULL) OR t.context_id IN (
        SELECT context_id FROM contexts
        WHERE (%(agent)s::text[] IS NULL OR agent = ANY(%(agent)s)) AND (%(project)s::text[] IS NULL OR project = ANY(%(project)s))))
