-- Temporary tables of one connection: what a batch brings, and what it changes. Emptied by every commit.
CREATE TEMP TABLE IF NOT EXISTS staged (
    LIKE agent_events,
    ord      integer NOT NULL,
    owner_ts timestamptz NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS refolded (
    LIKE staged
) ON COMMIT DELETE ROWS;
CREATE OR REPLACE TEMP VIEW staged_events AS SELECT * FROM staged JOIN kinds USING (kind_id);
CREATE OR REPLACE TEMP VIEW refolded_events AS SELECT * FROM refolded JOIN kinds USING (kind_id);
CREATE TEMP TABLE IF NOT EXISTS moved (
    LIKE agent_events
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS call_parts (
    LIKE tool_calls
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS call_again (
    LIKE tool_calls
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS call_changes (
    sign integer NOT NULL,
    LIKE tool_calls
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS usage_parts (
    LIKE model_calls
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS usage_again (
    LIKE model_calls
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS usage_changes (
    sign integer NOT NULL,
    LIKE model_calls
) ON COMMIT DELETE ROWS;
