-- Events that some batches stored and that have words, each with who read it and the record that holds them.
-- Parameters: since, until (of all the batches), batches (bigint[]). Columns: store.search.Pending.
SELECT e.id, CASE WHEN k.ts_quality IN ('clamped', 'none') THEN '-infinity' ELSE e.ts::text END,
       CASE WHEN k.is_copy THEN e.session_id END, e.session_id, c.agent, c.project, k.type, k.tool_name, k.status, k.severity,
       k.role, e.tool_call_id IS NOT NULL, e.summary, e.file_path, coalesce(c.reader, s.adapter), {record}, e.part::int
FROM agent_events e JOIN contexts c USING (context_id) JOIN kinds k USING (kind_id) JOIN sources s USING (source_id)
WHERE e.ts >= %(since)s AND e.ts <= %(until)s AND e.batch_id = ANY(%(batches)s) AND (NOT k.is_copy OR k.is_telemetry)
  AND (e.tool_call_id IS NOT NULL OR e.summary IS NOT NULL OR e.file_path IS NOT NULL
       OR k.type IN ('user_interaction', 'llm_response') OR (k.type = 'context_switch' AND k.role IS NOT NULL))
