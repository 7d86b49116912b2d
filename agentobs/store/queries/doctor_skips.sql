-- Skipped records by agent and reason, most first. No parameters.
SELECT adapter AS agent, key AS reason, sum(value::bigint)::bigint AS records
FROM sources, jsonb_each_text(skips)
GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2
