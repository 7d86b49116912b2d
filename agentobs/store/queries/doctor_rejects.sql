-- Quarantined records by agent and reason (numbers in it aside), most first, each with its first three places.
-- No parameters. Columns: agent, reason (of the first), records, path, source_offset, examples (json).
SELECT agent, (array_agg(reason ORDER BY place))[1] AS reason, count(*) AS records,
       (array_agg(path ORDER BY place))[1] AS path, (array_agg(source_offset ORDER BY place))[1] AS source_offset,
       jsonb_agg(jsonb_build_object('path', path, 'source_offset', source_offset, 'reason', reason, 'size_bytes', size_bytes)
                 ORDER BY place) FILTER (WHERE place <= 3) AS examples
FROM (
    SELECT s.adapter AS agent, q.reason, s.path, q.source_offset, q.size_bytes,
           regexp_replace(q.reason, '[0-9]+', '#', 'g') AS kind,
           row_number() OVER (PARTITION BY s.adapter, regexp_replace(q.reason, '[0-9]+', '#', 'g')
                              ORDER BY q.source_id, q.source_offset, q.part) AS place
    FROM quarantine q JOIN sources s USING (source_id)
) placed
GROUP BY agent, kind
ORDER BY 3 DESC, 1, 2
