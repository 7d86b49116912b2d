-- The records that events were read from. Parameters: ids (text[]). Columns: id, raw (zstd).
-- An id implies its time (48 bits of milliseconds), so that only its chunk is looked at.
SELECT e.id,
       CASE WHEN e.raw IS NOT NULL THEN e.raw
            WHEN e.record_event_id IS NOT NULL THEN (
                SELECT r.raw FROM agent_events r
                WHERE r.id = e.record_event_id AND r.source_id = e.source_id AND r.source_offset = e.source_offset
                  AND r.ts >= time_of(e.record_event_id) - INTERVAL '1 ms' AND r.ts < time_of(e.record_event_id) + INTERVAL '2 ms')
            ELSE (SELECT r.raw FROM agent_events r
                  WHERE r.session_id = e.session_id AND r.ts = e.ts AND r.source_id = e.source_id
                    AND r.source_offset = e.source_offset AND r.raw IS NOT NULL LIMIT 1) END AS raw
FROM (SELECT id, time_of(id) AS ms
      FROM unnest(%(ids)s::uuid[]) AS wanted (id)) wanted
JOIN agent_events e ON e.id = wanted.id AND e.ts >= wanted.ms - INTERVAL '1 ms' AND e.ts < wanted.ms + INTERVAL '2 ms'
