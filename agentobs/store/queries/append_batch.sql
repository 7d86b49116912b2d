-- Give a batch its place in the stream. Runs under the lock that is held until commit, so places follow commits.
INSERT INTO batches (position, batch_id, events, min_ts, max_ts)
SELECT coalesce(max(position), 0) + 1, %(batch_id)s, %(events)s, %(min_ts)s, %(max_ts)s FROM batches
