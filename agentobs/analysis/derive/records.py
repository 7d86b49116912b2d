"""The frame that everything here is derived from: every event as it was read, copies included."""

from agentobs.frames import EVENTS, Frame, declare

COUNTED_LANES = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
)  # their sum is total_tokens; reasoning is inside output
LANES = (*COUNTED_LANES, "reasoning_tokens", "web_search_requests")

_FURTHER = declare(
    "further",
    "",
    """
    part                  int    which event of its record it is
    digest                int    of what the record carries: tells a copy from a conflict
    owner_ts              time   first event of its source: the smallest owns what several sources share
    provider              str
    basis                 str    where its usage comes from
    service_tier          str
    speed                 str
    inference_geo         str
    input_tokens          int
    output_tokens         int
    cache_read_tokens     int
    cache_write_5m_tokens int
    cache_write_1h_tokens int
    reasoning_tokens      int
    web_search_requests   int
    cost_pico_usd         int    1e-12 USD, so that sums are exact; <NA>: no known price
    price_version         str
    reported_cost_usd     float
    request_id            str    of a usage: names the response to files and telemetry alike
    is_telemetry          bool   of an agent that keeps session files too: as a copy it counts while they are missing
    titled                bool   it names the session
    title                 str
    """,
)

RECORDS = Frame("records", "one event as it was read, copies included", EVENTS.columns + _FURTHER.columns)
