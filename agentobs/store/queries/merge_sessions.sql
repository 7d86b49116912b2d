-- Move the session rows by what `staged`, `moved`, `call_changes` and `usage_changes` say.

-- {events} is what is staged, or `recount` when recount_sessions ran before.

-- 1. Sums, minima and maxima of events.
INSERT INTO agent_sessions AS s (session_id, placeless, first_ts, first_seq, first_id, context_id, started_at, ended_at,
                                 events, human_turns, errors, compactions, has_files, told_turns, told_errors, told_compactions)
SELECT session_id, f.placeless, f.ts, f.seq, f.id, f.context_id, started_at, ended_at, events, human_turns, errors, compactions,
       has_files, told_turns, told_errors, told_compactions
FROM (
    SELECT session_id,
           min(ts) FILTER (WHERE ts_quality NOT IN ('clamped', 'none')) AS started_at,
           max(ts) FILTER (WHERE ts_quality NOT IN ('clamped', 'none')) AS ended_at,
           count(*) AS events,
           count(*) FILTER (WHERE type = 'user_interaction' AND role = 'user' AND NOT is_copy) AS human_turns,
           count(*) FILTER (WHERE type = 'error_encountered' AND NOT is_copy) AS errors,
           count(*) FILTER (WHERE type = 'context_switch' AND native_type LIKE '%compact\_boundary' AND NOT is_copy) AS compactions,
           bool_or(NOT is_copy AND NOT is_telemetry) AS has_files,
           count(*) FILTER (WHERE is_telemetry AND is_copy AND type = 'user_interaction' AND role = 'user') AS told_turns,
           count(*) FILTER (WHERE is_telemetry AND is_copy AND type = 'error_encountered') AS told_errors,
           count(*) FILTER (WHERE is_telemetry AND is_copy AND type = 'context_switch') AS told_compactions
    FROM {events} GROUP BY session_id
) sums
JOIN (SELECT DISTINCT ON (session_id) session_id, placeless, ts, seq, id, context_id
      FROM {events} JOIN (SELECT context_id, working_directory IS NULL AS placeless FROM contexts) c USING (context_id)
      ORDER BY session_id, placeless, ts, seq, id) f
USING (session_id)
ORDER BY session_id
ON CONFLICT (session_id) DO UPDATE
SET started_at = least(s.started_at, excluded.started_at), ended_at = greatest(s.ended_at, excluded.ended_at),
    events = s.events + excluded.events, human_turns = s.human_turns + excluded.human_turns,
    errors = s.errors + excluded.errors, compactions = s.compactions + excluded.compactions,
    has_files = s.has_files OR excluded.has_files, told_turns = s.told_turns + excluded.told_turns,
    told_errors = s.told_errors + excluded.told_errors, told_compactions = s.told_compactions + excluded.told_compactions,
    (placeless, first_ts, first_seq, first_id, context_id) = (
        SELECT v.* FROM (
            VALUES (excluded.placeless, excluded.first_ts, excluded.first_seq, excluded.first_id, excluded.context_id),
                   (s.placeless, s.first_ts, s.first_seq, s.first_id, s.context_id)) v (placeless, ts, seq, id, context)
        ORDER BY v.placeless, v.ts, v.seq, v.id LIMIT 1);
-- 2. The first human prompt, of telemetry where files have none, and the last title.
UPDATE agent_sessions s
SET objective = o.summary, objective_ts = o.ts, objective_seq = o.seq, objective_id = o.id,
    objective_told = o.is_told
FROM (SELECT DISTINCT ON (session_id) session_id, ts, seq, id, summary, is_copy AS is_told FROM {events}
      WHERE type = 'user_interaction' AND role = 'user' AND (is_telemetry OR NOT is_copy) AND summary IS NOT NULL
      ORDER BY session_id, is_copy, ts, seq, id) o
WHERE s.session_id = o.session_id
  AND (s.objective_id IS NULL OR (o.is_told, o.ts, o.seq, o.id)
                                    < (s.objective_told, s.objective_ts, s.objective_seq, s.objective_id));
UPDATE agent_sessions s
SET title = t.title, title_ts = t.ts, title_seq = t.seq, title_id = t.id
FROM (SELECT DISTINCT ON (session_id) session_id, ts, seq, id, data ->> 'title' AS title FROM {events}
      WHERE type = 'context_switch' AND data ? 'title'
      ORDER BY session_id, ts DESC, seq DESC, id DESC) t
WHERE s.session_id = t.session_id
  AND (s.title_id IS NULL OR (t.ts, t.seq, t.id) > (s.title_ts, s.title_seq, s.title_id));
-- 3. What calls changed.
UPDATE agent_sessions s
SET tool_calls = s.tool_calls + d.tool_calls, tool_errors = s.tool_errors + d.tool_errors,
    commands = s.commands + d.commands, tests_run = s.tests_run + d.tests_run, tests_known = s.tests_known + d.tests_known,
    tests_passed = s.tests_passed + d.tests_passed, builds = s.builds + d.builds, commits = s.commits + d.commits,
    rollbacks = s.rollbacks + d.rollbacks, searches = s.searches + d.searches, edits = s.edits + d.edits,
    lines_added = s.lines_added + d.lines_added, lines_removed = s.lines_removed + d.lines_removed,
    added_known = s.added_known + d.added_known, removed_known = s.removed_known + d.removed_known
FROM (
    SELECT session_id, sum(sign) AS tool_calls,
           coalesce(sum(sign) FILTER (WHERE status IN ('error', 'denied', 'interrupted')), 0) AS tool_errors,
           coalesce(sum(sign) FILTER (WHERE is_command), 0) AS commands,
           coalesce(sum(sign) FILTER (WHERE type = 'test_run'), 0) AS tests_run,
           coalesce(sum(sign) FILTER (WHERE type = 'test_run' AND status IN ('ok', 'error')), 0) AS tests_known,
           coalesce(sum(sign) FILTER (WHERE type = 'test_run' AND status = 'ok'), 0) AS tests_passed,
           coalesce(sum(sign) FILTER (WHERE type = 'build_trigger'), 0) AS builds,
           coalesce(sum(sign) FILTER (WHERE type = 'commit_created'), 0) AS commits,
           coalesce(sum(sign) FILTER (WHERE type = 'rollback_performed'), 0) AS rollbacks,
           coalesce(sum(sign) FILTER (WHERE type = 'search_performed'), 0) AS searches,
           coalesce(sum(sign) FILTER (WHERE is_edit), 0) AS edits,
           coalesce(sum(sign * lines_added) FILTER (WHERE is_edit), 0) AS lines_added,
           coalesce(sum(sign * lines_removed) FILTER (WHERE is_edit), 0) AS lines_removed,
           coalesce(sum(sign) FILTER (WHERE is_edit AND lines_added IS NOT NULL), 0) AS added_known,
           coalesce(sum(sign) FILTER (WHERE is_edit AND lines_removed IS NOT NULL), 0) AS removed_known
    FROM (SELECT *, type IN ('file_write', 'file_create', 'file_delete')
                    AND coalesce(status, 'ok') NOT IN ('error', 'denied', 'interrupted') AS is_edit,
                 type IN ('command_execute', 'test_run', 'build_trigger', 'commit_created', 'rollback_performed') AS is_command
          FROM call_changes) changes
    GROUP BY session_id
) d
WHERE s.session_id = d.session_id;
-- A patch of several files: the call's own file, and those of its parts (events without a tool_call_id whose parent it is).
UPDATE agent_sessions s SET edits = s.edits + p.edits
FROM (SELECT session_id, sum(sign) AS edits FROM patched GROUP BY 1) p WHERE s.session_id = p.session_id;
INSERT INTO session_files AS f (session_id, file_path, edits)
SELECT session_id, file_path, sum(sign)
FROM (
    SELECT session_id, coalesce(result_path, file_path) AS file_path, sign FROM call_changes
    WHERE type IN ('file_write', 'file_create', 'file_delete') AND coalesce(status, 'ok') NOT IN ('error', 'denied', 'interrupted')
    UNION ALL SELECT session_id, file_path, sign FROM patched
) changed
WHERE file_path IS NOT NULL
GROUP BY 1, 2
HAVING sum(sign) <> 0
ORDER BY 1, 2
ON CONFLICT (session_id, file_path) DO UPDATE SET edits = f.edits + excluded.edits;
DELETE FROM session_files WHERE edits = 0 AND session_id IN (SELECT session_id FROM call_changes);
INSERT INTO session_usage AS u
SELECT m.session_id, coalesce(k.model, ''), c.thread_id IS NOT NULL, sum(sign),
       coalesce(sum(sign) FILTER (WHERE cost_pico_usd IS NULL), 0),
       coalesce(sum(sign * {lane}), 0),
       coalesce(sum(sign) FILTER (WHERE {lane} IS NOT NULL), 0),
       coalesce(sum(sign * cost_pico_usd), 0)
FROM usage_changes m JOIN contexts c USING (context_id) JOIN kinds k USING (kind_id)
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
ON CONFLICT (session_id, model, is_subagent) DO UPDATE
SET model_calls = u.model_calls + excluded.model_calls, unpriced_calls = u.unpriced_calls + excluded.unpriced_calls,
    {lane} = u.{lane} + excluded.{lane},
    known_{lane} = u.known_{lane} + excluded.known_{lane},
    cost_pico_usd = u.cost_pico_usd + excluded.cost_pico_usd;
DELETE FROM session_usage WHERE model_calls = 0 AND session_id IN (SELECT session_id FROM usage_changes);
DELETE FROM agent_sessions WHERE events = 0 AND session_id IN (SELECT session_id FROM moved);
