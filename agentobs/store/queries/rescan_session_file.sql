-- Give a session's file its path without secrets; edits of two paths that become one are added.
-- Parameters: old_session_id, old_file_path, file_path.
WITH gone AS (
    DELETE FROM session_files WHERE session_id = %(old_session_id)s AND file_path = %(old_file_path)s RETURNING edits
)
INSERT INTO session_files AS f (session_id, file_path, edits)
SELECT %(old_session_id)s, %(file_path)s, edits FROM gone
ON CONFLICT (session_id, file_path) DO UPDATE SET edits = f.edits + excluded.edits
