-- Records of types that their adapter does not know, by agent and `version type`, most first. No parameters.
SELECT adapter AS agent, key AS what, sum(value::bigint)::bigint AS records
FROM sources, jsonb_each_text(unknowns)
GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2
