-- Indexes that follow the stream, and how far each is behind. No parameters. Runs where the view is.
SELECT name, batches, events FROM index_lags ORDER BY name
