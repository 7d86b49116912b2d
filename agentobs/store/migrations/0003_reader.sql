-- Dashboards and notebooks may read as a role that can only select.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'agentobs_reader') THEN
        GRANT USAGE ON SCHEMA public TO agentobs_reader;
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO agentobs_reader;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO agentobs_reader;
    END IF;
END
$$;
