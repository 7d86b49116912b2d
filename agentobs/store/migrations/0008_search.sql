-- Full-text search: what was said, run, printed and named, indexed behind the stream by a cursor of its own.

-- Words as they are, of English by their stem; no word is too common to be looked for: code is full of them.
CREATE TEXT SEARCH DICTIONARY agentobs_stem (TEMPLATE = pg_catalog.snowball, LANGUAGE = english);
CREATE TEXT SEARCH CONFIGURATION agentobs (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION agentobs ALTER MAPPING FOR asciiword, word WITH agentobs_stem;

-- No text: words with their places, and what documents are chosen by, such as 'agent=codex'. What a search shows is
-- read from the records.
CREATE TABLE search_documents (
    event_id     uuid PRIMARY KEY,
    at           timestamptz NOT NULL,           -- '-infinity': its source says no time
    told_session text COLLATE "C",               -- its session, where it counts only while that has no files (telemetry)
    words        tsvector NOT NULL
);
CREATE INDEX search_documents_at ON search_documents (at DESC, event_id DESC);
CREATE INDEX search_documents_words ON search_documents USING gin (words);

-- The batch up to which all is indexed.
CREATE TABLE search_state (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint NOT NULL DEFAULT 0
);
INSERT INTO search_state DEFAULT VALUES;

CREATE VIEW index_lags AS
SELECT 'search'::text AS name, count(*) AS batches, coalesce(sum(events), 0)::bigint AS events
FROM batches WHERE position > (SELECT position FROM search_state);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'agentobs_reader') THEN
        GRANT SELECT ON search_documents, search_state, index_lags TO agentobs_reader;
    END IF;
END
$$;
