-- Give a batch its place in the stream. Runs under the lock that is held until commit, so places follow commits.
-- Whoever follows the stream is woken by the commit.
INSERT INTO batches (position, batch_id, events, min_ts, max_ts, rules_version)
SELECT coalesce(max(position), 0) + 1, %(batch_id)s, %(events)s, %(min_ts)s, %(max_ts)s, %(rules_version)s FROM batches
RETURNING pg_notify('agentobs_batches', '')
