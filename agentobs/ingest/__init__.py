"""Ingest: the one way to write. From files to committed batches, each record once."""
