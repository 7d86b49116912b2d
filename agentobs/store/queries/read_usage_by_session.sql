-- Calls, tokens and cost by group, from the accounting table: exact bounds, and sessions as a group.
-- Parameters: as read_usage, and session. Columns: the groups, then frames.USAGE.
SELECT CASE WHEN 'day' = ANY(%(by)s) THEN to_char(date_trunc('day', known AT TIME ZONE %(zone)s), 'YYYY-MM-DD') END AS day,
       CASE WHEN 'hour' = ANY(%(by)s) THEN date_trunc('hour', known) END AS hour,
       CASE WHEN 'model' = ANY(%(by)s) THEN model END AS model,
       CASE WHEN 'project' = ANY(%(by)s) THEN project END AS project,
       CASE WHEN 'agent' = ANY(%(by)s) THEN agent END AS agent,
       CASE WHEN 'session' = ANY(%(by)s) THEN session_id END AS session,
       count(*) AS model_calls,
       sum({lane})::bigint AS {lane},
       sum(total_tokens)::bigint AS total_tokens,
       sum(cost_pico_usd) / 1e12::float AS cost_usd,
       count(*) FILTER (WHERE cost_pico_usd IS NULL) AS unpriced_calls
FROM model_calls JOIN contexts USING (context_id) JOIN kinds USING (kind_id)
     CROSS JOIN LATERAL (SELECT CASE WHEN started_at >= '2015-01-02Z' AND started_at < '2034-12-31Z' THEN started_at END AS known) times
WHERE NOT is_muted
  AND (%(since)s::timestamptz IS NULL OR started_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR started_at < %(until)s)
  AND (%(session)s::text[] IS NULL OR session_id = ANY(%(session)s))
  AND (%(agent)s::text[] IS NULL OR agent = ANY(%(agent)s))
  AND (%(project)s::text[] IS NULL OR project = ANY(%(project)s))
  AND (%(model)s::text[] IS NULL OR model = ANY(%(model)s))
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 1, 2, 3, 4, 5, 6
