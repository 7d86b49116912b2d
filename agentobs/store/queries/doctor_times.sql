-- Events whose time is not exactly what their record says, by agent and quality. No parameters.
SELECT agent, ts_quality, count(*) AS events
FROM agent_events JOIN contexts USING (context_id) JOIN kinds USING (kind_id)
WHERE ts_quality <> 'exact'
GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2
