-- Put documents into the index; one that is there stays. Parameters, arrays of one length: ids (uuid), at (text),
-- told (text), texts (words with blanks between), marks (what it is chosen by, separated by line feeds).
INSERT INTO search_documents (event_id, at, told_session, words)
SELECT id, at::timestamptz, told, to_tsvector('agentobs', said) || array_to_tsvector(string_to_array(marks, E'\n'))
FROM unnest(%(ids)s::uuid[], %(at)s::text[], %(told)s::text[], %(texts)s::text[], %(marks)s::text[])
     AS new (id, at, told, said, marks)
ON CONFLICT (event_id) DO NOTHING
