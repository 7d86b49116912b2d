-- The records that events were read from. Parameters: ids (text[]). Columns: id, raw (zstd).
-- An id implies its time (48 bits of milliseconds), so that only its chunk is looked at.
SELECT e.id, coalesce(e.raw, (SELECT r.raw FROM agent_events r
                              WHERE r.session_id = e.session_id AND r.ts = e.ts AND r.source_id = e.source_id
                                AND r.source_offset = e.source_offset AND r.raw IS NOT NULL LIMIT 1)) AS raw
FROM (SELECT id, to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0) AS ms
      FROM unnest(%(ids)s::uuid[]) AS wanted (id)) wanted
JOIN agent_events e ON e.id = wanted.id AND e.ts >= wanted.ms - INTERVAL '1 ms' AND e.ts < wanted.ms + INTERVAL '2 ms'
