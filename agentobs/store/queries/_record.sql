-- The raw record of an event `e` (zstd): its own, that of the event which has it, or that of its place in the source.
CASE WHEN e.raw IS NOT NULL THEN e.raw
     WHEN e.record_event_id IS NOT NULL THEN (
         SELECT r.raw FROM agent_events r
         WHERE r.id = e.record_event_id AND r.source_id = e.source_id AND r.source_offset = e.source_offset
           AND r.ts >= time_of(e.record_event_id) - INTERVAL '1 ms' AND r.ts < time_of(e.record_event_id) + INTERVAL '2 ms')
     ELSE (SELECT r.raw FROM agent_events r
           WHERE r.session_id = e.session_id AND r.ts = e.ts AND r.source_id = e.source_id
             AND r.source_offset = e.source_offset AND r.raw IS NOT NULL LIMIT 1) END
