-- Under which rules events were redacted when they came; null: under none, or before this was kept.
ALTER TABLE batches ADD COLUMN rules_version text COLLATE "C";

-- How far a rescan under new rules has come, place by place, so that an interrupted one goes on.
CREATE TABLE redaction_rescans (
    rules_version text COLLATE "C" NOT NULL,
    place         text COLLATE "C" NOT NULL,
    upto          bigint NOT NULL,                -- batches.position when it began: what came later has its own rules
    after         jsonb,                          -- key of the last row looked at
    rows          bigint NOT NULL DEFAULT 0,
    changed       bigint NOT NULL DEFAULT 0,
    redactions    jsonb NOT NULL DEFAULT '{}',    -- rule -> hits
    began_at      timestamptz NOT NULL DEFAULT now(),
    ended_at      timestamptz,
    PRIMARY KEY (rules_version, place)
);
