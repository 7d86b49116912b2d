-- Indexes that are behind the stream, and how far. No parameters.
SELECT name, batches, events FROM index_lags WHERE batches > 0 ORDER BY name
