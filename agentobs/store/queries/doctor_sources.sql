-- One row per source with its counters and how many of its records are in the quarantine. No parameters.
-- position, size_bytes: bytes; 0 of a spool, whose position is an address.
SELECT s.source_id, s.adapter AS agent, s.path, s.state, CASE WHEN s.adapter = 'spool' THEN 0 ELSE s.position END AS position,
       CASE WHEN s.adapter = 'spool' THEN 0 ELSE s.size_bytes END AS size_bytes, s.records, s.event_records, s.skipped,
       s.rejected, s.events, s.stored, s.copies, s.conflicts, s.refused, s.expired, coalesce(q.quarantined, 0) AS quarantined
FROM sources s
LEFT JOIN (SELECT source_id, count(*) AS quarantined FROM quarantine GROUP BY source_id) q USING (source_id)
ORDER BY s.source_id
