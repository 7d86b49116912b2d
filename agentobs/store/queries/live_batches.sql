-- Batches that were committed after a place in the stream, in the order of their commits. Parameters: after, upto (bigint or null), n.
SELECT position, batch_id, events, min_ts, max_ts FROM batches
WHERE position > %(after)s AND (%(upto)s::bigint IS NULL OR position <= %(upto)s) ORDER BY position LIMIT %(n)s
