-- Sums that are kept, beside what they are sums of. Where events were dropped by retention, only what is left compares.
-- No parameters. Columns: what, place (the table that keeps it), kept, counted (numeric).
WITH horizon AS (SELECT horizon FROM retention),
from_events AS (
    SELECT count(*) AS events,
           count(DISTINCT usage_key) FILTER (WHERE num_nonnulls(input_tokens, output_tokens, cache_read_tokens,
                                             cache_write_5m_tokens, cache_write_1h_tokens) > 0) AS responses,
           count(DISTINCT CASE WHEN length(tool_call_id) >= 20 THEN tool_call_id
                               ELSE session_id || ':' || tool_call_id END) AS calls
    FROM agent_events WHERE ts >= (SELECT horizon FROM horizon)
),
accounted AS (
    SELECT count(*) AS model_calls, count(*) FILTER (WHERE cost_pico_usd IS NULL) AS unpriced_calls,
           coalesce(sum(cost_pico_usd), 0) AS cost_pico_usd,
           coalesce(sum({lane}), 0) AS {lane},
           count({lane}) AS known_{lane},
           1 AS one
    FROM model_calls WHERE NOT is_muted
),
by_session AS (
    SELECT coalesce(sum(model_calls), 0) AS model_calls, coalesce(sum(unpriced_calls), 0) AS unpriced_calls,
           coalesce(sum(cost_pico_usd), 0) AS cost_pico_usd,
           coalesce(sum({lane}), 0) AS {lane},
           coalesce(sum(known_{lane}), 0) AS known_{lane},
           1 AS one
    FROM session_usage
),
by_quarter AS (
    SELECT coalesce(sum(model_calls), 0) AS model_calls, coalesce(sum(unpriced_calls), 0) AS unpriced_calls,
           coalesce(sum(cost_pico_usd), 0) AS cost_pico_usd,
           coalesce(sum({lane}), 0) AS {lane},
           coalesce(sum(known_{lane}), 0) AS known_{lane},
           1 AS one
    FROM rollup_usage
)
SELECT 'events' AS what, 'rollup_events' AS place,
       (SELECT coalesce(sum(events), 0) FROM rollup_events WHERE bucket >= (SELECT horizon FROM horizon)) AS kept, events AS counted
FROM from_events
UNION ALL
SELECT 'events', 'agent_sessions', (SELECT coalesce(sum(events), 0) FROM agent_sessions), events
FROM from_events WHERE (SELECT horizon FROM horizon) = '-infinity'
UNION ALL
SELECT 'model calls', 'model_calls', (SELECT count(*) FROM model_calls), responses
FROM from_events WHERE (SELECT horizon FROM horizon) = '-infinity'
UNION ALL
SELECT 'tool calls', 'tool_calls', (SELECT count(*) FROM tool_calls), calls
FROM from_events WHERE (SELECT horizon FROM horizon) = '-infinity'
UNION ALL
SELECT 'tool calls', 'agent_sessions', (SELECT coalesce(sum(tool_calls), 0) FROM agent_sessions), (SELECT count(*) FROM tool_calls WHERE NOT is_muted)
UNION ALL
SELECT 'tool calls', 'rollup_tools', (SELECT coalesce(sum(calls), 0) FROM rollup_tools), (SELECT count(*) FROM tool_calls WHERE NOT is_muted)
UNION ALL
SELECT name, place, kept, counted
FROM accounted, LATERAL (
    SELECT a.key AS name, k.place, k.value::numeric AS kept, a.value::numeric AS counted
    FROM jsonb_each_text(to_jsonb(accounted)) a
    JOIN (SELECT 'session_usage' AS place, key, value FROM by_session, jsonb_each_text(to_jsonb(by_session))
          UNION ALL
          SELECT 'rollup_usage', key, value FROM by_quarter, jsonb_each_text(to_jsonb(by_quarter))) k USING (key)
    WHERE a.key <> 'one'
) lanes
ORDER BY 1, 2
