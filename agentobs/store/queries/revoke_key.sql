-- Revokes a key, once: the first time stays. Parameters: key_id. One row when there is such a key.
UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE key_id = %(key_id)s RETURNING key_id
