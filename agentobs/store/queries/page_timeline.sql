-- The next events of one session in the order in which it went. Parameters: session; type, project (text[] or null for all);
-- ts, seq, id (of the last one before, or null), n. Columns: live.COLUMNS.
SELECT {columns} FROM agent_events e
WHERE e.session_id = %(session)s
  AND (%(ts)s::timestamptz IS NULL OR (e.ts, e.seq, e.id) > (%(ts)s, %(seq)s::bigint, %(id)s::uuid))
  AND (%(type)s::text[] IS NULL OR e.kind_id IN (SELECT kind_id FROM kinds WHERE type = ANY(%(type)s)))
  AND (%(project)s::text[] IS NULL OR e.context_id IN (SELECT context_id FROM contexts WHERE project = ANY(%(project)s)))
ORDER BY e.ts, e.seq, e.id LIMIT %(n)s
