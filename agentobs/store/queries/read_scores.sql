-- Scores of sessions that started in [since, until) and have not changed since they were analyzed.
-- Parameters: as read_findings, and variant (text[]). Columns: session_id, variant, outcome, score (JSON: the rest of frames.SCORES).
SELECT x.session_id, x.variant, x.outcome, x.score
FROM session_scores x
JOIN analyzed_sessions a USING (session_id)
JOIN session_states st ON st.session_id = x.session_id AND st.state = a.state
JOIN agent_sessions s ON s.session_id = x.session_id
JOIN contexts c USING (context_id)
WHERE a.recipe = %(recipe)s
  AND (%(since)s::timestamptz IS NULL OR s.started_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR s.started_at < %(until)s)
  AND (%(session)s::text[] IS NULL OR x.session_id = ANY(%(session)s))
  AND (%(variant)s::text[] IS NULL OR x.variant = ANY(%(variant)s))
  AND (%(agent)s::text[] IS NULL OR c.agent = ANY(%(agent)s))
  AND (%(project)s::text[] IS NULL OR c.project = ANY(%(project)s))
ORDER BY s.started_at, x.session_id, x.variant
