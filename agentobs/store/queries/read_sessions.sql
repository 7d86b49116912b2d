-- Sessions that started in [since, until), with their usage summed over models and subagents.
-- Parameters: as read_events; model: sessions that used it; tool, type: sessions with such a call or event.
-- Columns: frames.SESSIONS; models as a JSON list.
-- The parent is who owns the records that are shared: from copy to copy up to the first owner of all of them.
WITH RECURSIVE shared AS (
    SELECT DISTINCT ON (session_id) session_id, parent_session_id, shared_until FROM session_lineage
    ORDER BY session_id, shared_until DESC, parent_session_id
), chain AS (
    SELECT session_id, parent_session_id, shared_until, 1 AS depth FROM shared
    UNION ALL
    SELECT c.session_id, s.parent_session_id, c.shared_until, c.depth + 1
    FROM chain c JOIN shared s ON s.session_id = c.parent_session_id AND s.shared_until >= c.shared_until
    WHERE s.parent_session_id <> c.session_id AND c.depth < 100
)
SELECT s.session_id, l.parent_session_id, s.started_at AT TIME ZONE 'UTC' AS started_at,
       s.ended_at AT TIME ZONE 'UTC' AS ended_at, extract(epoch FROM s.ended_at - s.started_at)::float AS duration_s,
       s.objective, s.title, coalesce(u.models, '[]') AS models, s.events,
       s.human_turns + CASE WHEN s.has_files THEN 0 ELSE s.told_turns END AS human_turns,
       coalesce(u.model_calls, 0) AS model_calls, coalesce(u.subagent_calls, 0) AS subagent_calls, s.tool_calls,
       s.tool_errors, s.commands, s.tests_run, s.tests_passed, s.tests_known, s.builds, s.commits, s.rollbacks, s.searches,
       s.edits, coalesce(f.files, 0) AS files_modified,
       CASE WHEN s.added_known > 0 THEN s.lines_added END AS lines_added,
       CASE WHEN s.removed_known > 0 THEN s.lines_removed END AS lines_removed, s.errors + CASE WHEN s.has_files THEN 0 ELSE s.told_errors END AS errors,
       s.compactions + CASE WHEN s.has_files THEN 0 ELSE s.told_compactions END AS compactions,
       u.input_tokens::bigint, u.output_tokens::bigint, u.cache_read_tokens::bigint, u.cache_write_tokens::bigint,
       u.reasoning_tokens::bigint, u.total_tokens::bigint, u.cost_usd, coalesce(u.unpriced_calls, 0) AS unpriced_calls,
       u.subagent_cost_usd, coalesce(o.outcome, 'unknown') AS outcome, s.context_id
FROM agent_sessions s
LEFT JOIN (
    SELECT session_id, json_agg(DISTINCT model ORDER BY model) FILTER (WHERE model <> '') AS models,
           sum(model_calls) AS model_calls, sum(model_calls) FILTER (WHERE is_subagent) AS subagent_calls,
           sum(input_tokens) FILTER (WHERE known_input_tokens > 0) AS input_tokens,
           sum(output_tokens) FILTER (WHERE known_output_tokens > 0) AS output_tokens,
           sum(cache_read_tokens) FILTER (WHERE known_cache_read_tokens > 0) AS cache_read_tokens,
           sum(cache_write_5m_tokens + cache_write_1h_tokens)
               FILTER (WHERE known_cache_write_5m_tokens + known_cache_write_1h_tokens > 0) AS cache_write_tokens,
           sum(reasoning_tokens) FILTER (WHERE known_reasoning_tokens > 0) AS reasoning_tokens,
           sum(input_tokens + output_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens) AS total_tokens,
           sum(cost_pico_usd) FILTER (WHERE model_calls > unpriced_calls) / 1e12::float AS cost_usd,
           sum(unpriced_calls) AS unpriced_calls,
           sum(cost_pico_usd) FILTER (WHERE is_subagent AND model_calls > unpriced_calls) / 1e12::float AS subagent_cost_usd
    FROM session_usage GROUP BY session_id
) u USING (session_id)
LEFT JOIN (SELECT session_id, count(*) AS files FROM session_files GROUP BY session_id) f USING (session_id)
LEFT JOIN (
    SELECT DISTINCT ON (session_id) session_id, parent_session_id FROM chain ORDER BY session_id, depth DESC, parent_session_id
) l USING (session_id)
LEFT JOIN (  -- as it was analyzed, where the session has not changed since
    SELECT x.session_id, min(x.outcome) AS outcome
    FROM session_scores x JOIN analyzed_sessions a USING (session_id) JOIN session_states st USING (session_id)
    WHERE st.state = a.state AND starts_with(x.variant, 'agentobs_') GROUP BY x.session_id
) o USING (session_id)
WHERE (%(since)s::timestamptz IS NULL OR s.started_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR s.started_at < %(until)s)
  AND (%(session)s::text[] IS NULL OR s.session_id = ANY(%(session)s))
  AND (%(model)s::text[] IS NULL OR EXISTS (
        SELECT FROM session_usage m WHERE m.session_id = s.session_id AND m.model = ANY(%(model)s)))
  AND (%(tool)s::text[] IS NULL OR EXISTS (
        SELECT FROM tool_calls t WHERE t.session_id = s.session_id AND NOT t.is_muted AND t.tool_name = ANY(%(tool)s)))
  AND (%(type)s::text[] IS NULL OR EXISTS (
        SELECT FROM agent_events e JOIN kinds USING (kind_id)
        WHERE e.session_id = s.session_id AND type = ANY(%(type)s)))
  AND ((%(agent)s::text[] IS NULL AND %(project)s::text[] IS NULL) OR s.context_id IN (
        SELECT context_id FROM contexts
        WHERE (%(agent)s::text[] IS NULL OR agent = ANY(%(agent)s)) AND (%(project)s::text[] IS NULL OR project = ANY(%(project)s))))
