-- Add what one batch read to the counters of its source, in the transaction that moved it.
UPDATE sources
SET records = records + %(records)s, event_records = event_records + %(event_records)s, skipped = skipped + %(skipped)s,
    rejected = rejected + %(rejected)s, events = events + %(events)s, stored = stored + %(stored)s,
    copies = copies + %(copies)s, conflicts = conflicts + %(conflicts)s, refused = refused + %(refused)s,
    expired = expired + %(expired)s,
    skips = add_counts(skips, %(skips)s), unknowns = add_counts(unknowns, %(unknowns)s),
    redactions = add_counts(redactions, %(redactions)s), physical = add_counts(physical, %(physical)s)
WHERE source_id = %(source_id)s
