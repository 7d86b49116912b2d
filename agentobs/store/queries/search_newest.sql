-- Hits among the newest documents of a range: words that are in many documents are found at once. Parameters: words,
-- marks (tsquery text), since, until, at and id (go on after it; null: begin), look (documents), n. Columns: id, at (text).
SELECT d.event_id, d.at::text
FROM (SELECT * FROM search_documents d WHERE {range} ORDER BY d.at DESC, d.event_id DESC LIMIT %(look)s) d
WHERE d.words @@ (websearch_to_tsquery('agentobs', %(words)s) && (%(marks)s)::tsquery) AND {own}
ORDER BY d.at DESC, d.event_id DESC LIMIT %(n)s
