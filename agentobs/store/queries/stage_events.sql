-- The next n events in the order of (ts, id), as if they had just come. Parameters: ts, id (of the last one), n.
INSERT INTO staged
SELECT e.*, row_number() OVER (ORDER BY e.ts, e.id), source.first_ts + kind.is_forked::int * INTERVAL '1 us'
FROM (SELECT * FROM agent_events WHERE (ts, id) > (%(ts)s::timestamptz, %(id)s::uuid) ORDER BY ts, id LIMIT %(n)s) e
JOIN sources source USING (source_id) JOIN kinds kind USING (kind_id)
