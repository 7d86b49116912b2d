-- Merge the usage of {events} (what is staged, or refolded after merge_copies) into model_calls; `usage_changes` gets the rows before (-1) and after (+1).
-- A record of a session's files beats telemetry, a main record a side one, then the largest snapshot as a whole row wins; never a maximum per lane.
INSERT INTO usage_parts
SELECT usage_key, session_id, context_id, kind_id, id, ts, first_ts, is_side, owner_ts,
       input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, reasoning_tokens,
       web_search_requests, total_tokens, cost_pico_usd, reported_cost_usd, request_id, is_telemetry, false
FROM (
    SELECT DISTINCT ON (usage_key) *, min(ts) OVER (PARTITION BY usage_key) AS first_ts
    FROM (
        SELECT usage_key, session_id, context_id, kind_id, id, ts, e.is_copy OR c.is_sidechain AS is_side, owner_ts, is_telemetry,
               CASE WHEN length(request_id) >= 20 THEN request_id END AS request_id,  -- shorter ones are not unique
               input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
               reasoning_tokens, web_search_requests, cost_pico_usd, reported_cost_usd,
               coalesce(input_tokens, 0) + coalesce(output_tokens, 0) + coalesce(cache_read_tokens, 0)
               + coalesce(cache_write_5m_tokens, 0) + coalesce(cache_write_1h_tokens, 0) AS total_tokens
        FROM {events} e JOIN contexts c USING (context_id)
        WHERE usage_key IS NOT NULL
          AND num_nonnulls(input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens) > 0
    ) parts
    ORDER BY usage_key, is_telemetry, is_side, coalesce(output_tokens, 0) DESC, total_tokens DESC, owner_ts, session_id, ts, id
) best;
WITH new AS (INSERT INTO model_calls SELECT * FROM usage_parts ORDER BY usage_key ON CONFLICT DO NOTHING RETURNING *)
INSERT INTO usage_changes SELECT 1, new.* FROM new;
-- Mostly all is new. The rest, few rows, meets what is there.
IF (SELECT count(*) FROM usage_parts) > (SELECT count(*) FROM usage_changes WHERE sign = 1) THEN
INSERT INTO usage_again
SELECT p.* FROM usage_parts p
WHERE NOT EXISTS (SELECT FROM usage_changes c WHERE c.sign = 1 AND c.usage_key = p.usage_key);
INSERT INTO usage_changes
SELECT -1, m.* FROM model_calls m WHERE m.usage_key = ANY(ARRAY(SELECT usage_key FROM usage_again)) AND NOT m.is_muted;
UPDATE model_calls m
SET session_id = p.session_id, context_id = p.context_id, kind_id = p.kind_id, event_id = p.event_id, ts = p.ts,
    is_side = p.is_side, owner_ts = p.owner_ts,
    {lane} = p.{lane},
    total_tokens = p.total_tokens, cost_pico_usd = p.cost_pico_usd, reported_cost_usd = p.reported_cost_usd,
    request_id = p.request_id, is_told = p.is_told, is_muted = m.is_muted AND p.is_told
FROM usage_again p
WHERE m.usage_key = p.usage_key AND m.usage_key = ANY(ARRAY(SELECT usage_key FROM usage_again))
  AND (p.is_told, p.is_side, -coalesce(p.output_tokens, 0), -p.total_tokens, p.owner_ts, p.session_id, p.ts, p.event_id)
    < (m.is_told, m.is_side, -coalesce(m.output_tokens, 0), -m.total_tokens, m.owner_ts, m.session_id, m.ts, m.event_id);
UPDATE model_calls m SET started_at = p.started_at
FROM usage_again p
WHERE m.usage_key = p.usage_key AND m.usage_key = ANY(ARRAY(SELECT usage_key FROM usage_again)) AND p.started_at < m.started_at;
INSERT INTO usage_changes
SELECT 1, m.* FROM model_calls m WHERE m.usage_key = ANY(ARRAY(SELECT usage_key FROM usage_again)) AND NOT m.is_muted;
END IF;
