-- Models whose price is unknown, most tokens first. No parameters.
SELECT agent, model, count(*) AS model_calls, sum(total_tokens)::bigint AS total_tokens
FROM model_calls JOIN contexts USING (context_id) JOIN kinds USING (kind_id)
WHERE cost_pico_usd IS NULL AND NOT is_muted
GROUP BY 1, 2
ORDER BY 4 DESC, 1, 2
