-- Records of types that their adapter does not know, by agent, its version and their type, most first. No parameters.
SELECT adapter AS agent, split_part(key, ' ', 1) AS agent_version, substr(key, strpos(key, ' ') + 1) AS native_type,
       sum(value::bigint)::bigint AS records
FROM sources, jsonb_each_text(unknowns)
GROUP BY 1, 2, 3
ORDER BY 4 DESC, 1, 2, 3
