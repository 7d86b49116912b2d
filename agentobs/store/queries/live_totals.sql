-- What all sources together brought, and the batches. No parameters. Columns: live.Totals.
SELECT s.stored, s.copies, s.quarantined, s.expired, coalesce(b.position, 0), b.committed_at,
       (SELECT sum(events) FROM index_lags WHERE name = 'search')::bigint
FROM (SELECT coalesce(sum(stored), 0)::bigint AS stored, coalesce(sum(copies), 0)::bigint AS copies,
             coalesce(sum(rejected + conflicts + refused), 0)::bigint AS quarantined,
             coalesce(sum(expired), 0)::bigint AS expired FROM sources) s
LEFT JOIN (SELECT position, committed_at FROM batches ORDER BY position DESC LIMIT 1) b ON true
