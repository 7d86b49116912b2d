-- The next sessions, the newest first; those without a known time come last. Filters as read_sessions has them.
-- Parameters: since, until; agent, project, session, model, tool, type; id, started_at (of the last one before, or null), n.
-- Columns: session_id, started_at.
SELECT s.session_id, s.started_at
FROM agent_sessions s
WHERE (%(since)s::timestamptz IS NULL OR s.started_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR s.started_at < %(until)s)
  AND (%(session)s::text[] IS NULL OR s.session_id = ANY(%(session)s))
  AND (%(id)s::text IS NULL OR (coalesce(s.started_at, '-infinity'), s.session_id)
                             < (coalesce(%(started_at)s::timestamptz, '-infinity'), %(id)s))
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
ORDER BY coalesce(s.started_at, '-infinity') DESC, s.session_id DESC LIMIT %(n)s
