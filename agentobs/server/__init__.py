"""The ingestion service: one process that accepts into the spool, one that drains it into the database."""
