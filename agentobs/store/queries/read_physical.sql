-- Tokens as the records of each source say, repeats and copies included. No parameters.
SELECT source_id, path, adapter AS agent, coalesce((physical ->> 'records')::bigint, 0) AS records,
       coalesce((physical ->> 'input_tokens')::bigint, 0) AS input_tokens,
       coalesce((physical ->> 'output_tokens')::bigint, 0) AS output_tokens,
       coalesce((physical ->> 'cache_read_tokens')::bigint, 0) AS cache_read_tokens,
       coalesce((physical ->> 'cache_write_5m_tokens')::bigint, 0) AS cache_write_5m_tokens,
       coalesce((physical ->> 'cache_write_1h_tokens')::bigint, 0) AS cache_write_1h_tokens
FROM sources WHERE state <> 'replaced' ORDER BY source_id
