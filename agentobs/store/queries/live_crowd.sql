-- About how many events happened in a range: what finding a batch by its times costs. Parameters: since, until.
SELECT coalesce(sum(events), 0)::bigint, count(DISTINCT bucket) FROM rollup_events
WHERE bucket > %(since)s::timestamptz - INTERVAL '15 minutes' AND bucket <= %(until)s::timestamptz
