-- Hits by the index, the newest first. Parameters and columns as search_newest, without look.
WITH hits AS MATERIALIZED (
    SELECT d.event_id, d.at FROM search_documents d
    WHERE d.words @@ (websearch_to_tsquery('agentobs', %(words)s) && (%(marks)s)::tsquery) AND {range} AND {own}
)
SELECT event_id, at::text FROM hits ORDER BY hits.at DESC, event_id DESC LIMIT %(n)s
