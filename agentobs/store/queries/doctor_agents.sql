-- What was read, by agent and version: sessions, responses, and how much of their usage is less than reported.
-- No parameters.
SELECT agent, agent_version, count(DISTINCT session_id) AS sessions, count(usage_key) AS model_calls,
       count(*) FILTER (WHERE basis = 'estimated') AS estimated,
       count(*) FILTER (WHERE usage_key IS NOT NULL AND input_tokens IS NULL AND output_tokens IS NULL) AS without_usage,
       count(*) FILTER (WHERE usage_key IS NOT NULL AND cost_pico_usd IS NULL) AS unpriced
FROM (
    SELECT context_id, session_id, usage_key, basis, input_tokens, output_tokens, cost_pico_usd
    FROM model_calls JOIN kinds USING (kind_id) WHERE NOT is_muted
    UNION ALL
    SELECT context_id, session_id, NULL, NULL, NULL, NULL, NULL FROM agent_sessions
) rows
JOIN contexts USING (context_id)
GROUP BY 1, 2
ORDER BY 1, 2
