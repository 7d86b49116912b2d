-- The events that some batches stored, in no order. Parameters: since, until (of all of them), batches (bigint[]),
-- session (text[] or null for all). Columns: live.COLUMNS.
SELECT {columns} FROM agent_events e
WHERE e.ts >= %(since)s AND e.ts <= %(until)s AND e.batch_id = ANY(%(batches)s)
  AND (%(session)s::text[] IS NULL OR e.session_id = ANY(%(session)s))
