-- Findings that began in [since, until) of sessions that have not changed since they were analyzed.
-- Parameters: since, until (timestamptz); session, agent, project, detector, severity (text[]): null leaves all in.
-- Columns: frames.FINDINGS; parameters as JSON.
SELECT f.finding_id, f.detector, f.detector_version, f.session_id, f.severity, f.confidence, f.started_at, f.ended_at,
       f.event_ids, f.wasted_event_ids, f.parameters, f.wasted_tokens, f.wasted_cost_usd, f.wasted_s, f.explanation
FROM findings f
JOIN analyzed_sessions a USING (session_id)
JOIN session_states st ON st.session_id = f.session_id AND st.state = a.state
JOIN agent_sessions s ON s.session_id = f.session_id
JOIN contexts c USING (context_id)
WHERE a.recipe = %(recipe)s
  AND (%(since)s::timestamptz IS NULL OR f.started_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR f.started_at < %(until)s)
  AND (%(session)s::text[] IS NULL OR f.session_id = ANY(%(session)s))
  AND (%(detector)s::text[] IS NULL OR f.detector = ANY(%(detector)s))
  AND (%(severity)s::text[] IS NULL OR f.severity = ANY(%(severity)s))
  AND (%(agent)s::text[] IS NULL OR c.agent = ANY(%(agent)s))
  AND (%(project)s::text[] IS NULL OR c.project = ANY(%(project)s))
ORDER BY f.session_id, f.started_at, f.detector, f.finding_id
