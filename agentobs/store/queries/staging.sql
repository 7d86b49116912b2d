-- Temporary tables of one connection: what a batch brings, and what it changes. Emptied by every commit.
CREATE TEMP TABLE IF NOT EXISTS staged (
    LIKE agent_events,
    ord      integer NOT NULL,
    owner_ts timestamptz NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS moved (
    LIKE agent_events
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS call_parts (
    LIKE tool_calls
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS call_changes (
    sign integer NOT NULL,
    LIKE tool_calls
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS usage_parts (
    LIKE model_calls
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS usage_changes (
    sign integer NOT NULL,
    LIKE model_calls
) ON COMMIT DELETE ROWS;
