-- Events that happened in [since, until); times are cut to UTC text, contexts are looked up by the client.
-- Parameters: since, until (timestamptz or null); session, agent, project, model, tool, type (text[] or null for all).
-- Columns: frames.EVENTS, those of the context as context_id.
SELECT e.id AS event_id, e.ts AT TIME ZONE 'UTC' AS ts, e.ts_quality, e.type, e.severity, e.status, e.role, e.session_id,
       e.is_copy, e.seq, e.parent_event_id, e.native_type, e.tool_name, e.tool_call_id, e.call_type, e.model, e.usage_key,
       e.duration_ms, e.exit_code, e.lines_added, e.lines_removed, e.file_size_bytes, e.file_path, e.commit,
       e.source_id, e.source_offset, e.sanitised, e.summary, e.context_id
FROM agent_events e
WHERE (%(since)s::timestamptz IS NULL OR e.ts >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR e.ts < %(until)s)
  AND ((%(since)s::timestamptz IS NULL AND %(until)s::timestamptz IS NULL) OR e.ts_quality NOT IN ('clamped', 'none'))
  AND (%(session)s::text[] IS NULL OR e.session_id = ANY(%(session)s))
  AND (%(model)s::text[] IS NULL OR e.model = ANY(%(model)s))
  AND (%(tool)s::text[] IS NULL OR e.tool_name = ANY(%(tool)s))
  AND (%(type)s::text[] IS NULL OR e.type = ANY(%(type)s))
  AND ((%(agent)s::text[] IS NULL AND %(project)s::text[] IS NULL) OR e.context_id IN (
        SELECT context_id FROM contexts
        WHERE (%(agent)s::text[] IS NULL OR agent = ANY(%(agent)s)) AND (%(project)s::text[] IS NULL OR project = ANY(%(project)s))))
