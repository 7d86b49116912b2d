-- Runs when some staged rows were not inserted: they are copies, conflicts, or the true owner of what is there.
-- Of the copies of an event the one of the smallest (first ts of its source, stamped as a fork's, session, seq, offset)
-- owns it, whoever came first; of two payloads under one id the first one stays. Afterwards `staged` holds only rows that are now in
-- agent_events and were not before, and `moved` the rows that they replaced.

-- 1. The rows that were inserted (one of equals) need nothing here; `known` are the others with what is there.
CREATE TEMP TABLE known ON COMMIT DROP AS
SELECT staged.ord, staged.source_id, staged.digest <> e.digest AS conflict, e.session_id AS there, e.ts, e.id,
       staged.digest = e.digest AND (staged.owner_ts, staged.session_id, staged.seq, staged.source_offset)
                                  < (source.first_ts + kind.is_forked::int * INTERVAL '1 us', e.session_id, e.seq, e.source_offset)
       AS takes_over
FROM staged
JOIN agent_events e ON e.ts = staged.ts AND e.id = staged.id
JOIN sources source ON source.source_id = e.source_id
JOIN kinds kind ON kind.kind_id = e.kind_id
WHERE staged.ord NOT IN (
    SELECT s.ord
    FROM staged s
    JOIN agent_events mine ON mine.ts = s.ts AND mine.id = s.id AND mine.batch_id = s.batch_id
                          AND mine.source_id = s.source_id AND mine.seq = s.seq
);
-- 2. The same id with another payload is no copy.
INSERT INTO quarantine (source_id, source_offset, part, reason, detail, event_id, raw, size_bytes)
SELECT staged.source_id, staged.source_offset, staged.part, 'id_conflict',
       'another payload is stored under this event id', staged.id, staged.raw, coalesce(octet_length(staged.raw), 0)
FROM staged JOIN known USING (ord)
WHERE known.conflict
ON CONFLICT DO NOTHING;
-- 3. Sessions that share records: the one that owns them is the parent, of all that hold them; an edge may turn round.
CREATE TEMP TABLE shared ON COMMIT DROP AS
SELECT child, parent, max(ts) AS shared_until
FROM (
    SELECT ts, session_id AS child, first_value(session_id) OVER (PARTITION BY ts, id ORDER BY owner_ts, session_id) AS parent
    FROM (SELECT known.ts, known.id, staged.session_id, staged.owner_ts
          FROM staged JOIN known USING (ord) WHERE NOT known.conflict
          UNION ALL
          SELECT e.ts, e.id, e.session_id, source.first_ts + kind.is_forked::int * INTERVAL '1 us'
          FROM agent_events e JOIN sources source USING (source_id) JOIN kinds kind USING (kind_id)
          WHERE (e.ts, e.id) IN (SELECT ts, id FROM known WHERE NOT conflict)) holders
) pairs
WHERE child <> parent
GROUP BY child, parent;
DELETE FROM session_lineage l USING shared
WHERE l.session_id = shared.parent AND l.parent_session_id = shared.child AND l.shared_until <= shared.shared_until;
INSERT INTO session_lineage AS l (session_id, parent_session_id, shared_until)
SELECT child, parent, shared_until FROM shared ORDER BY child, parent
ON CONFLICT (session_id, parent_session_id) DO UPDATE SET shared_until = greatest(l.shared_until, excluded.shared_until);
-- 4. The owner's row replaces what is there, as a whole. (What this very batch put there was never counted.)
CREATE TEMP TABLE replaced ON COMMIT DROP AS SELECT DISTINCT ts, id FROM known WHERE takes_over;
INSERT INTO moved
SELECT e.* FROM agent_events e JOIN replaced USING (ts, id) WHERE e.batch_id <> (SELECT batch_id FROM staged LIMIT 1);
DELETE FROM staged USING known WHERE known.ord = staged.ord AND NOT known.takes_over;
DELETE FROM staged
USING replaced, staged better
WHERE staged.ts = replaced.ts AND staged.id = replaced.id AND better.ts = staged.ts AND better.id = staged.id
  AND (better.owner_ts, better.session_id, better.seq, better.source_offset, better.ord)
    < (staged.owner_ts, staged.session_id, staged.seq, staged.source_offset, staged.ord);
DELETE FROM agent_events e USING replaced WHERE e.ts = replaced.ts AND e.id = replaced.id;
INSERT INTO agent_events ({columns})
SELECT {columns} FROM staged
WHERE EXISTS (SELECT FROM replaced WHERE replaced.ts = staged.ts AND replaced.id = staged.id)
ORDER BY ts, id;
-- 5. Keys of calls and responses that hold a session's id: those of the moved events are folded anew, below their rest.
INSERT INTO refolded SELECT * FROM staged;
CREATE TEMP TABLE stale ON COMMIT DROP AS
SELECT DISTINCT moved.session_id, moved.tool_call_id, moved.usage_key
FROM moved JOIN staged USING (ts, id)
WHERE length(moved.tool_call_id) < 20 OR moved.usage_key <> staged.usage_key;
INSERT INTO call_changes
SELECT -1, t.* FROM tool_calls t
WHERE t.call_key IN (SELECT session_id || ':' || tool_call_id FROM stale WHERE length(tool_call_id) < 20) AND NOT t.is_muted;
DELETE FROM tool_calls
WHERE call_key IN (SELECT session_id || ':' || tool_call_id FROM stale WHERE length(tool_call_id) < 20);
INSERT INTO usage_changes SELECT -1, m.* FROM model_calls m WHERE m.usage_key IN (SELECT usage_key FROM stale) AND NOT m.is_muted;
DELETE FROM model_calls WHERE usage_key IN (SELECT usage_key FROM stale);
INSERT INTO refolded
SELECT e.*, 0, source.first_ts + kind.is_forked::int * INTERVAL '1 us'
FROM agent_events e JOIN sources source USING (source_id) JOIN kinds kind USING (kind_id)
WHERE e.session_id IN (SELECT session_id FROM stale)
  AND (e.tool_call_id IN (SELECT tool_call_id FROM stale WHERE length(tool_call_id) < 20)
       OR e.usage_key IN (SELECT usage_key FROM stale))
  AND NOT EXISTS (SELECT FROM staged WHERE staged.ts = e.ts AND staged.id = e.id);
