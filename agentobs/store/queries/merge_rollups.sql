-- Move the quarter-hour rollups; the hottest rows are touched last and in key order.
INSERT INTO rollup_events AS r
SELECT bucket, agent, coalesce(project, ''), type, sum(n)
FROM (SELECT date_bin('15 minutes', ts, '2000-01-01Z') AS bucket, context_id, kind_id, sum(sign) AS n
      FROM (SELECT 1 AS sign, ts, kind_id, context_id FROM staged
            UNION ALL SELECT -1, ts, kind_id, context_id FROM moved) e
      GROUP BY 1, 2, 3) counted
JOIN contexts USING (context_id) JOIN kinds USING (kind_id)
GROUP BY 1, 2, 3, 4
HAVING sum(n) <> 0
ORDER BY 1, 2, 3, 4
ON CONFLICT (bucket, agent, project, type) DO UPDATE SET events = r.events + excluded.events;
INSERT INTO rollup_usage AS r
SELECT date_bin('15 minutes', m.started_at, '2000-01-01Z'), agent, coalesce(project, ''), coalesce(k.model, ''),
       c.thread_id IS NOT NULL, sum(sign), coalesce(sum(sign) FILTER (WHERE cost_pico_usd IS NULL), 0),
       coalesce(sum(sign * {lane}), 0),
       coalesce(sum(sign) FILTER (WHERE {lane} IS NOT NULL), 0),
       coalesce(sum(sign * cost_pico_usd), 0)
FROM usage_changes m JOIN contexts c USING (context_id) JOIN kinds k USING (kind_id)
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (bucket, agent, project, model, is_subagent) DO UPDATE
SET model_calls = r.model_calls + excluded.model_calls, unpriced_calls = r.unpriced_calls + excluded.unpriced_calls,
    {lane} = r.{lane} + excluded.{lane},
    known_{lane} = r.known_{lane} + excluded.known_{lane},
    cost_pico_usd = r.cost_pico_usd + excluded.cost_pico_usd;
INSERT INTO rollup_tools AS r
SELECT bucket, agent, coalesce(project, ''), tool, type, status, bin, sum(n)
FROM (SELECT bucket, context_id, coalesce(tool_name, '') AS tool, type, coalesce(status, '') AS status, sum(sign) AS n,
             CASE WHEN ms IS NULL THEN -1 WHEN ms < 1 THEN 0 ELSE least(floor(4 * ln(ms) / ln(2::float)), 200) END::smallint AS bin
      FROM (SELECT sign, bucket, context_id, tool_name, type, status,
                   coalesce(reported_ms, told_ms, CASE WHEN NOT (call_timed AND result_timed) THEN NULL WHEN ended_at < started_at THEN 0
                                              ELSE extract(epoch FROM ended_at - started_at)::float * 1000 END) AS ms
            FROM call_changes) timed
      GROUP BY bucket, context_id, tool, type, timed.status, bin) counted
JOIN contexts USING (context_id)
GROUP BY 1, 2, 3, 4, 5, 6, 7
HAVING sum(n) <> 0
ORDER BY 1, 2, 3, 4, 5, 6, 7
ON CONFLICT (bucket, agent, project, tool_name, type, status, duration_bin) DO UPDATE SET calls = r.calls + excluded.calls;
DELETE FROM rollup_usage
WHERE model_calls = 0 AND bucket IN (SELECT date_bin('15 minutes', started_at, '2000-01-01Z') FROM usage_changes WHERE sign < 0);
DELETE FROM rollup_tools WHERE calls = 0 AND bucket IN (SELECT bucket FROM call_changes WHERE sign < 0);
DELETE FROM rollup_events
WHERE events = 0 AND bucket IN (SELECT date_bin('15 minutes', ts, '2000-01-01Z') FROM moved);
