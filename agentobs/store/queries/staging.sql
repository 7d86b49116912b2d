-- Temporary tables of one connection: what a batch brings, and what it changes. Every commit empties `staged`, the next one
-- the others: ON COMMIT empties all of its tables and builds their indexes anew, which is most of a small batch's time.
CREATE TEMP TABLE IF NOT EXISTS staged (
    LIKE agent_events,
    ord      integer NOT NULL,
    owner_ts timestamptz NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS refolded (
    LIKE staged
);
CREATE OR REPLACE TEMP VIEW staged_events AS SELECT * FROM staged JOIN kinds USING (kind_id);
CREATE OR REPLACE TEMP VIEW refolded_events AS SELECT * FROM refolded JOIN kinds USING (kind_id);
CREATE TEMP TABLE IF NOT EXISTS moved (
    LIKE agent_events
);
CREATE TEMP TABLE IF NOT EXISTS call_parts (
    LIKE tool_calls
);
CREATE TEMP TABLE IF NOT EXISTS call_again (
    LIKE tool_calls
);
CREATE TEMP TABLE IF NOT EXISTS call_changes (
    sign integer NOT NULL,
    LIKE tool_calls
);
CREATE OR REPLACE TEMP VIEW patched AS
SELECT c.session_id, c.sign, e.file_path
FROM call_changes c
CROSS JOIN LATERAL (
    SELECT file_path, kind_id, tool_call_id FROM agent_events
    WHERE ts = coalesce(c.started_at, c.ended_at) AND parent_event_id = coalesce(c.event_id, c.result_event_id)
    OFFSET 0  -- by the index, a call at a time: nobody knows how large call_changes is
) e
JOIN kinds k USING (kind_id)
WHERE c.type IN ('file_write', 'file_create', 'file_delete') AND coalesce(c.status, 'ok') NOT IN ('error', 'denied', 'interrupted')
  AND e.tool_call_id IS NULL AND k.type IN ('file_write', 'file_create', 'file_delete');
CREATE TEMP TABLE IF NOT EXISTS usage_parts (
    LIKE model_calls
);
CREATE TEMP TABLE IF NOT EXISTS usage_again (
    LIKE model_calls
);
CREATE TEMP TABLE IF NOT EXISTS usage_changes (
    sign integer NOT NULL,
    LIKE model_calls
);
-- Rows are deleted; once many have been, the space is given back, and plans are made anew.
CREATE OR REPLACE FUNCTION pg_temp.empty_staging() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    IF pg_total_relation_size('pg_temp.call_parts') + pg_total_relation_size('pg_temp.call_changes')
       + pg_total_relation_size('pg_temp.usage_parts') + pg_total_relation_size('pg_temp.usage_changes')
       + pg_total_relation_size('pg_temp.refolded') + pg_total_relation_size('pg_temp.moved') > 8 * 1024 * 1024 THEN
        TRUNCATE pg_temp.refolded, pg_temp.moved, pg_temp.call_parts, pg_temp.call_again, pg_temp.call_changes,
                 pg_temp.usage_parts, pg_temp.usage_again, pg_temp.usage_changes;
    ELSE
        DELETE FROM pg_temp.refolded;
        DELETE FROM pg_temp.moved;
        DELETE FROM pg_temp.call_parts;
        DELETE FROM pg_temp.call_again;
        DELETE FROM pg_temp.call_changes;
        DELETE FROM pg_temp.usage_parts;
        DELETE FROM pg_temp.usage_again;
        DELETE FROM pg_temp.usage_changes;
    END IF;
END $$;
