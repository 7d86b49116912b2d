-- Move one source, if it still is where the batch began. At offset 0 its counters start anew: what follows is read again.
UPDATE sources
SET position = %(position)s, size_bytes = greatest(%(size_bytes)s, %(position)s), memory = %(memory)s,
    head_hash = coalesce(%(head_hash)s, head_hash), tail_hash = %(tail_hash)s,
    first_ts = coalesce(first_ts, %(first_ts)s), state = 'active', last_commit_at = now(),
    records = CASE WHEN %(expected)s = 0 THEN 0 ELSE records END,
    event_records = CASE WHEN %(expected)s = 0 THEN 0 ELSE event_records END,
    skipped = CASE WHEN %(expected)s = 0 THEN 0 ELSE skipped END,
    rejected = CASE WHEN %(expected)s = 0 THEN 0 ELSE rejected END,
    events = CASE WHEN %(expected)s = 0 THEN 0 ELSE events END,
    stored = CASE WHEN %(expected)s = 0 THEN 0 ELSE stored END,
    copies = CASE WHEN %(expected)s = 0 THEN 0 ELSE copies END,
    conflicts = CASE WHEN %(expected)s = 0 THEN 0 ELSE conflicts END,
    refused = CASE WHEN %(expected)s = 0 THEN 0 ELSE refused END,
    expired = CASE WHEN %(expected)s = 0 THEN 0 ELSE expired END,
    skips = CASE WHEN %(expected)s = 0 THEN '{}' ELSE skips END,
    unknowns = CASE WHEN %(expected)s = 0 THEN '{}' ELSE unknowns END,
    redactions = CASE WHEN %(expected)s = 0 THEN '{}' ELSE redactions END,
    physical = CASE WHEN %(expected)s = 0 THEN '{}' ELSE physical END
WHERE source_id = %(source_id)s AND generation = %(generation)s AND position = %(expected)s
  AND content_version = %(content_version)s AND state <> 'replaced'
