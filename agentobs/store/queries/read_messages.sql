-- Messages in [since, until), without what telemetry repeats of them, each with who read it, the record that holds its text and the part of it.
-- Parameters: as read_events. Columns: frames.MESSAGES without text, then adapter, raw (zstd) and part.
SELECT e.id::text, e.ts, e.session_id, c.thread_id, c.agent, c.project, e.seq, k.role,
       k.type = 'user_interaction' AND k.role = 'user' AND (k.is_telemetry OR NOT k.is_copy), k.model, k.native_type, coalesce(c.reader, s.adapter),
       {record}, e.part::int
FROM agent_events e JOIN contexts c USING (context_id) JOIN kinds k USING (kind_id) JOIN sources s USING (source_id)
WHERE NOT (k.is_copy AND k.is_telemetry AND (SELECT has_files FROM agent_sessions a WHERE a.session_id = e.session_id))
  AND (k.type IN ('user_interaction', 'llm_response') OR (k.type = 'context_switch' AND k.role IS NOT NULL))
  AND (%(since)s::timestamptz IS NULL OR e.ts >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR e.ts < %(until)s)
  AND (%(session)s::text[] IS NULL OR e.session_id = ANY(%(session)s))
  AND (%(model)s::text[] IS NULL OR k.model = ANY(%(model)s))
  AND (%(agent)s::text[] IS NULL OR c.agent = ANY(%(agent)s))
  AND (%(project)s::text[] IS NULL OR c.project = ANY(%(project)s))
  AND %(tool)s::text[] IS NULL AND (%(type)s::text[] IS NULL OR k.type = ANY(%(type)s))
ORDER BY e.ts, e.seq, e.id
