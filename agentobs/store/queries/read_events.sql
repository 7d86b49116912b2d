-- Events that happened in [since, until); times are cut to UTC text, contexts and kinds are looked up by the client.
-- Parameters: since, until (timestamptz or null); session, agent, project, model, tool, type (text[] or null for all).
-- Columns: frames.EVENTS, those of the context as context_id, those of the kind as kind_id.
SELECT e.id AS event_id, e.ts AT TIME ZONE 'UTC' AS ts, e.session_id, e.seq, e.parent_event_id, e.tool_call_id, e.usage_key,
       e.duration_ms, e.exit_code, e.lines_added, e.lines_removed, e.file_size_bytes, e.file_path, e.commit,
       e.source_id, e.source_offset, e.summary, e.context_id, e.kind_id
FROM agent_events e
WHERE (%(since)s::timestamptz IS NULL OR e.ts >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR e.ts < %(until)s)
  AND (%(session)s::text[] IS NULL OR e.session_id = ANY(%(session)s))
  AND ((%(since)s::timestamptz IS NULL AND %(until)s::timestamptz IS NULL AND %(model)s::text[] IS NULL
        AND %(tool)s::text[] IS NULL AND %(type)s::text[] IS NULL) OR e.kind_id IN (
        SELECT kind_id FROM kinds
        WHERE ((%(since)s::timestamptz IS NULL AND %(until)s::timestamptz IS NULL) OR ts_quality NOT IN ('clamped', 'none'))
          AND (%(model)s::text[] IS NULL OR model = ANY(%(model)s)) AND (%(tool)s::text[] IS NULL OR tool_name = ANY(%(tool)s))
          AND (%(type)s::text[] IS NULL OR type = ANY(%(type)s))))
  AND ((%(agent)s::text[] IS NULL AND %(project)s::text[] IS NULL) OR e.context_id IN (
        SELECT context_id FROM contexts
        WHERE (%(agent)s::text[] IS NULL OR agent = ANY(%(agent)s)) AND (%(project)s::text[] IS NULL OR project = ANY(%(project)s))))
