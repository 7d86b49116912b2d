-- The records that events were read from. Parameters: ids (text[]). Columns: id, raw (zstd).
-- An id implies its time (48 bits of milliseconds), so that only its chunk is looked at.
SELECT e.id,
       {record} AS raw
FROM (SELECT id, time_of(id) AS ms
      FROM unnest(%(ids)s::uuid[]) AS wanted (id)) wanted
JOIN agent_events e ON e.id = wanted.id AND e.ts >= wanted.ms - INTERVAL '1 ms' AND e.ts < wanted.ms + INTERVAL '2 ms'
