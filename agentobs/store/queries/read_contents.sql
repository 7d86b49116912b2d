-- Tool calls and results in [since, until), each with the record that holds its words and the part of it.
-- Parameters: as read_events. Columns: event id (text), adapter that read it (text), raw (zstd), part (int).
SELECT e.id::text, coalesce(c.reader, s.adapter),
       {record}, e.part::int
FROM agent_events e JOIN contexts c USING (context_id) JOIN kinds k USING (kind_id) JOIN sources s USING (source_id)
WHERE e.tool_call_id IS NOT NULL
  AND (NOT k.is_copy OR (k.is_telemetry AND NOT (SELECT has_files FROM agent_sessions a WHERE a.session_id = e.session_id)))
  AND (%(since)s::timestamptz IS NULL OR e.ts >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR e.ts < %(until)s)
  AND (%(session)s::text[] IS NULL OR e.session_id = ANY(%(session)s))
  AND (%(model)s::text[] IS NULL OR k.model = ANY(%(model)s))
  AND (%(agent)s::text[] IS NULL OR c.agent = ANY(%(agent)s))
  AND (%(project)s::text[] IS NULL OR c.project = ANY(%(project)s))
  AND (%(tool)s::text[] IS NULL OR k.tool_name = ANY(%(tool)s)) AND (%(type)s::text[] IS NULL OR k.type = ANY(%(type)s))
ORDER BY e.ts, e.seq, e.id
