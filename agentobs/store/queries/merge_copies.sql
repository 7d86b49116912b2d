-- Runs when some staged rows were not inserted: they are copies, conflicts, or the true owner of what is there.
-- Afterwards `staged` holds only rows that are new in agent_events, and `moved` what they replaced.

-- 1. The rows that were inserted (the first of equals) need nothing here; `known` are the others with what is there.
CREATE TEMP TABLE known ON COMMIT DROP AS
SELECT staged.ord, staged.digest <> e.digest AS conflict, e.session_id AS there, e.ts, e.id,
       (staged.owner_ts, staged.session_id) < (source.first_ts, e.session_id) AS takes_over
FROM staged
JOIN agent_events e ON e.ts = staged.ts AND e.id = staged.id
JOIN sources source ON source.source_id = e.source_id
WHERE staged.ord NOT IN (
    SELECT DISTINCT ON (s.ts, s.id) s.ord
    FROM staged s
    JOIN agent_events mine ON mine.ts = s.ts AND mine.id = s.id AND mine.batch_id = s.batch_id
    ORDER BY s.ts, s.id, s.ord
)
;
-- 2. The same id with another payload is no copy.
INSERT INTO quarantine (source_id, source_offset, part, reason, detail, event_id, raw, size_bytes)
SELECT staged.source_id, staged.source_offset, staged.part, 'id_conflict',
       'another payload is stored under this event id', staged.id, staged.raw, coalesce(octet_length(staged.raw), 0)
FROM staged JOIN known USING (ord)
WHERE known.conflict
ON CONFLICT DO NOTHING
;
-- 3. Sessions that share records: the one that owns them is the parent.
INSERT INTO session_lineage AS l (session_id, parent_session_id, shared_until)
SELECT child, parent, max(ts)
FROM (
    SELECT CASE WHEN takes_over THEN known.there ELSE staged.session_id END AS child,
           CASE WHEN takes_over THEN staged.session_id ELSE known.there END AS parent, known.ts
    FROM staged JOIN known USING (ord)
    WHERE NOT known.conflict AND known.there <> staged.session_id
) shared
GROUP BY child, parent
ORDER BY child, parent
ON CONFLICT (session_id, parent_session_id) DO UPDATE SET shared_until = greatest(l.shared_until, excluded.shared_until)
;
-- 4. A copy from the smaller (first ts of its source, session) takes the event over.
INSERT INTO moved
SELECT DISTINCT ON (e.ts, e.id) e.*
FROM known JOIN agent_events e USING (ts, id)
WHERE known.takes_over AND NOT known.conflict AND known.there <> (SELECT session_id FROM staged WHERE staged.ord = known.ord)
ORDER BY e.ts, e.id
;
DELETE FROM staged
USING known
WHERE known.ord = staged.ord
  AND NOT EXISTS (
    SELECT FROM moved
    WHERE moved.ts = staged.ts AND moved.id = staged.id AND known.takes_over AND NOT known.conflict
      AND known.there <> staged.session_id)
;
DELETE FROM staged
USING known, staged better
WHERE known.ord = staged.ord AND better.ts = staged.ts AND better.id = staged.id
  AND (better.owner_ts, better.session_id, better.ord) < (staged.owner_ts, staged.session_id, staged.ord)
;
UPDATE agent_events e
SET session_id = staged.session_id, context_id = staged.context_id, source_id = staged.source_id,
    source_offset = staged.source_offset, seq = staged.seq, kind_id = staged.kind_id, raw = staged.raw, parent_event_id = staged.parent_event_id,
    usage_key = staged.usage_key
FROM staged JOIN moved USING (ts, id)
WHERE e.ts = staged.ts AND e.id = staged.id
;
-- 5. Keys of calls and responses that hold a session's id: those of the moved events are folded anew, below their rest.
INSERT INTO refolded SELECT * FROM staged
;
CREATE TEMP TABLE stale ON COMMIT DROP AS
SELECT DISTINCT moved.session_id, moved.tool_call_id, moved.usage_key
FROM moved JOIN staged USING (ts, id)
WHERE length(moved.tool_call_id) < 20 OR moved.usage_key <> staged.usage_key
;
INSERT INTO call_changes
SELECT -1, t.* FROM tool_calls t
WHERE t.call_key IN (SELECT session_id || ':' || tool_call_id FROM stale WHERE length(tool_call_id) < 20)
;
DELETE FROM tool_calls
WHERE call_key IN (SELECT session_id || ':' || tool_call_id FROM stale WHERE length(tool_call_id) < 20)
;
INSERT INTO usage_changes SELECT -1, m.* FROM model_calls m WHERE m.usage_key IN (SELECT usage_key FROM stale)
;
DELETE FROM model_calls WHERE usage_key IN (SELECT usage_key FROM stale)
;
INSERT INTO refolded
SELECT e.*, 0, source.first_ts
FROM agent_events e JOIN sources source USING (source_id)
WHERE e.session_id IN (SELECT session_id FROM stale)
  AND (e.tool_call_id IN (SELECT tool_call_id FROM stale WHERE length(tool_call_id) < 20)
       OR e.usage_key IN (SELECT usage_key FROM stale))
  AND NOT EXISTS (SELECT FROM staged WHERE staged.ts = e.ts AND staged.id = e.id)
;
