-- Secrets replaced, by rule, most first. No parameters.
SELECT key AS rule, sum(value::bigint)::bigint AS secrets
FROM sources, jsonb_each_text(redactions)
GROUP BY 1
ORDER BY 2 DESC, 1
