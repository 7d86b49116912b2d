-- One row per API key, the oldest first.
-- Columns: key_id, secret_hash, name, project, scopes, events_per_s, created_at, expires_at, revoked_at.
SELECT key_id, secret_hash, name, project, scopes, events_per_s, created_at, expires_at, revoked_at
FROM api_keys
ORDER BY created_at, key_id
