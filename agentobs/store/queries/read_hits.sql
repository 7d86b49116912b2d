-- What is shown of events that a search found. Parameters: ids (uuid[]). Columns: frames.HITS without
-- snippet, then summary, adapter, raw (zstd), part, whether it is a call's or a result's.
SELECT e.id::text, e.ts, e.session_id, c.thread_id, c.agent, c.project, k.type, k.role, k.tool_name, k.status, e.file_path,
       e.summary, coalesce(c.reader, s.adapter), {record}, e.part::int, e.tool_call_id IS NOT NULL
FROM (SELECT id, time_of(id) AS ms FROM unnest(%(ids)s::uuid[]) AS wanted (id)) wanted
JOIN agent_events e ON e.id = wanted.id AND e.ts >= wanted.ms - INTERVAL '1 ms' AND e.ts < wanted.ms + INTERVAL '2 ms'
JOIN contexts c USING (context_id) JOIN kinds k USING (kind_id) JOIN sources s USING (source_id)
