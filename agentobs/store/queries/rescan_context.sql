-- Give a context its texts without secrets, and the sums kept for its project that project's name.
-- Parameters: old_context_id, of_project, and the columns of contexts that are texts.
WITH changed AS (
    UPDATE contexts
    SET project = %(project)s, working_directory = %(working_directory)s, branch = %(branch)s,
        repository = %(repository)s, workspace = %(workspace)s
    WHERE context_id = %(old_context_id)s
),
events AS (
    UPDATE rollup_events SET project = %(project)s WHERE project = %(of_project)s AND project <> %(project)s
),
usage AS (
    UPDATE rollup_usage SET project = %(project)s WHERE project = %(of_project)s AND project <> %(project)s
)
UPDATE rollup_tools SET project = %(project)s WHERE project = %(of_project)s AND project <> %(project)s
