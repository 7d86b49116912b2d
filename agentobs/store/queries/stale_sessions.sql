-- Sessions that are new, have changed since they were analyzed, or were analyzed by another recipe; oldest first.
-- Parameters: recipe (text). Columns: session_id, state (bigint), events.
SELECT st.session_id, st.state, st.events
FROM session_states st LEFT JOIN analyzed_sessions a USING (session_id)
WHERE a.session_id IS NULL OR a.state <> st.state OR a.recipe <> %(recipe)s
ORDER BY st.started_at, st.session_id
