-- Model calls that started in [since, until), each response once.
-- Parameters: as read_events. Columns: frames.MODEL_CALLS. cost_usd: null while the price is unknown.
SELECT m.usage_key, m.event_id, m.session_id, k.model, k.provider, m.started_at AT TIME ZONE 'UTC' AS started_at,
       m.{lane},
       k.service_tier, k.speed, k.inference_geo, k.basis, m.cost_pico_usd / 1e12::float AS cost_usd, k.price_version,
       m.reported_cost_usd, m.context_id
FROM model_calls m JOIN kinds k USING (kind_id)
WHERE NOT m.is_muted
  AND (%(since)s::timestamptz IS NULL OR m.started_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR m.started_at < %(until)s)
  AND (%(session)s::text[] IS NULL OR m.session_id = ANY(%(session)s))
  AND (%(model)s::text[] IS NULL OR k.model = ANY(%(model)s))
  AND ((%(agent)s::text[] IS NULL AND %(project)s::text[] IS NULL) OR m.context_id IN (
        SELECT context_id FROM contexts
        WHERE (%(agent)s::text[] IS NULL OR agent = ANY(%(agent)s)) AND (%(project)s::text[] IS NULL OR project = ANY(%(project)s))))
