-- Calls, tokens and cost by group, from quarter-hours: a day can be cut in any zone.
-- Parameters: since, until, agent, project, model; zone; by (text[], names of groups). Columns: the groups, then frames.USAGE.
SELECT CASE WHEN 'day' = ANY(%(by)s) THEN to_char(date_trunc('day', known AT TIME ZONE %(zone)s), 'YYYY-MM-DD') END AS day,
       CASE WHEN 'hour' = ANY(%(by)s) THEN date_trunc('hour', known) END AS hour,
       CASE WHEN 'model' = ANY(%(by)s) THEN nullif(model, '') END AS model,
       CASE WHEN 'project' = ANY(%(by)s) THEN nullif(project, '') END AS project,
       CASE WHEN 'agent' = ANY(%(by)s) THEN agent END AS agent,
       NULL::text AS session,
       sum(model_calls)::bigint AS model_calls,
       (sum({lane}) FILTER (WHERE known_{lane} > 0))::bigint AS {lane},
       sum(input_tokens + output_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens)::bigint AS total_tokens,
       sum(cost_pico_usd) FILTER (WHERE model_calls > unpriced_calls) / 1e12::float AS cost_usd,
       sum(unpriced_calls)::bigint AS unpriced_calls
FROM rollup_usage
     CROSS JOIN LATERAL (SELECT CASE WHEN bucket >= '2015-01-02Z' AND bucket < '2034-12-31Z' THEN bucket END AS known) times
WHERE (%(since)s::timestamptz IS NULL OR bucket >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR bucket < %(until)s)
  AND (%(agent)s::text[] IS NULL OR agent = ANY(%(agent)s))
  AND (%(project)s::text[] IS NULL OR project = ANY(%(project)s))
  AND (%(model)s::text[] IS NULL OR model = ANY(%(model)s))
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 1, 2, 3, 4, 5, 6
