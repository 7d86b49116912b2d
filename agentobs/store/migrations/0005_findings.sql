-- What detectors and scores found in sessions, valid for one state of a session and one recipe; and what people say.

-- The state of each session: changes with everything that is counted of it.
CREATE VIEW session_states AS
SELECT s.session_id, s.started_at, s.events,
       hash_record_extended(s, 0) # coalesce((SELECT bit_xor(hash_record_extended(u, 0)) FROM session_usage u
                                              WHERE u.session_id = s.session_id), 0) AS state
FROM agent_sessions s;

CREATE TABLE analyzed_sessions (
    session_id text COLLATE "C" PRIMARY KEY,
    state      bigint NOT NULL,
    recipe     text COLLATE "C" NOT NULL  -- which detectors and scores, in which versions, with which parameters
);

CREATE TABLE findings (
    finding_id       text COLLATE "C" NOT NULL,
    detector         text COLLATE "C" NOT NULL,
    detector_version integer NOT NULL,
    session_id       text COLLATE "C" NOT NULL,
    severity         text COLLATE "C" NOT NULL,
    confidence       double precision NOT NULL,
    started_at       timestamptz,
    ended_at         timestamptz,
    event_ids        text[] NOT NULL,
    wasted_event_ids text[] NOT NULL,
    parameters       jsonb NOT NULL,
    wasted_tokens    bigint,
    wasted_cost_usd  double precision,
    wasted_s         double precision,
    explanation      text NOT NULL,
    PRIMARY KEY (session_id, finding_id)
);
CREATE INDEX findings_detector ON findings (detector, started_at);

CREATE TABLE session_scores (
    session_id text COLLATE "C" NOT NULL,
    variant    text COLLATE "C" NOT NULL,
    outcome    text COLLATE "C" NOT NULL,
    score      jsonb NOT NULL,            -- the other columns of frames.SCORES
    PRIMARY KEY (session_id, variant)
);

CREATE TABLE annotations (
    annotation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id    text COLLATE "C" NOT NULL,
    finding_id    text COLLATE "C",
    detector      text COLLATE "C",
    label         text COLLATE "C",
    agreed        boolean,
    note          text,
    author        text COLLATE "C",
    created_at    timestamptz NOT NULL DEFAULT now(),
    CHECK (label IS NOT NULL OR agreed IS NOT NULL OR note IS NOT NULL)
);
CREATE INDEX annotations_session ON annotations (session_id);
