-- The next n events that were not redacted under these rules, by time, all of the last instant included: the events of
-- a record stand at one. Parameters: after (timestamptz, or null), rules (text), n.
-- Columns: ts, id, batch_id, project, agent, source_id, source_offset, summary, file_path, data, tags (json), raw (zstd).
SELECT e.ts, e.id, e.batch_id, c.project, c.agent, e.source_id, e.source_offset, e.summary, e.file_path, e.data::text,
       e.tags::text, e.raw
FROM agent_events e JOIN contexts c USING (context_id) LEFT JOIN batches b USING (batch_id)
WHERE (%(after)s::timestamptz IS NULL OR e.ts > %(after)s::timestamptz) AND b.rules_version IS DISTINCT FROM %(rules)s
ORDER BY e.ts
FETCH FIRST %(n)s ROWS WITH TIES
