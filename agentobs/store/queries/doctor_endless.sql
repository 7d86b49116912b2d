-- Sessions that no record says the end of, by agent, and those among them whose time nobody knows. No parameters.
SELECT agent, count(*) AS sessions, count(*) FILTER (WHERE NOT has_end) AS without_end,
       count(*) FILTER (WHERE started_at IS NULL) AS without_time
FROM (
    SELECT c.agent, s.started_at, e.session_id IS NOT NULL AS has_end
    FROM agent_sessions s JOIN contexts c USING (context_id)
    LEFT JOIN (SELECT DISTINCT session_id FROM agent_events JOIN kinds USING (kind_id) WHERE type = 'session_end') e
    USING (session_id)
) ends
GROUP BY agent
HAVING bool_or(NOT has_end) OR bool_or(started_at IS NULL)
ORDER BY 1
