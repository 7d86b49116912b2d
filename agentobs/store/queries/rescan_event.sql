-- Give an event its texts without secrets, and what was taken from it to the call or session that has it; not if the
-- event came again in another batch meanwhile. Parameters: ts, id, batch_id, summary, file_path, data, tags, raw.
WITH changed AS (
    UPDATE agent_events
    SET summary = %(summary)s, file_path = %(file_path)s, data = %(data)s::jsonb, tags = %(tags)s::jsonb, raw = %(raw)s
    WHERE ts = %(ts)s AND id = %(id)s AND batch_id = %(batch_id)s
    RETURNING id, session_id, summary, file_path, data,
              CASE WHEN length(tool_call_id) >= 20 THEN tool_call_id ELSE session_id || ':' || tool_call_id END AS call_key
),
calls AS (
    UPDATE tool_calls t SET target = c.summary, file_path = c.file_path FROM changed c
    WHERE t.call_key = c.call_key AND t.event_id = c.id
),
results AS (
    UPDATE tool_calls t SET result_path = c.file_path FROM changed c
    WHERE t.call_key = c.call_key AND t.result_event_id = c.id
),
objectives AS (
    UPDATE agent_sessions s SET objective = c.summary FROM changed c
    WHERE s.session_id = c.session_id AND s.objective_id = c.id
)
UPDATE agent_sessions s SET title = c.data ->> 'title' FROM changed c
WHERE s.session_id = c.session_id AND s.title_id = c.id
