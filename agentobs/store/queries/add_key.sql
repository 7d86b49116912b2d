-- Adds an API key.
-- Parameters: key_id, secret_hash (bytea), name, project (text or null), scopes (text[]), events_per_s, expires_at.
INSERT INTO api_keys (key_id, secret_hash, name, project, scopes, events_per_s, expires_at)
VALUES (%(key_id)s, %(secret_hash)s, %(name)s, %(project)s, %(scopes)s, %(events_per_s)s, %(expires_at)s)
RETURNING key_id, secret_hash, name, project, scopes, events_per_s, created_at, expires_at, revoked_at
