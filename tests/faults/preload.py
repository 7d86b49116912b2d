"""What a worker process finds already there: everything imported, the prices read, no connection opened.

The fork server imports this once, so that a kill costs milliseconds and most of a worker's short life is work.
"""

from contextlib import suppress

import psycopg

from agentobs.adapters._base import NoMemory
from agentobs.events import Event
from agentobs.ingest.commit import price
from agentobs.store.queries import load
from tests.faults import killing, simple

assert killing
_line = simple.line("e", use={"input_tokens": 1})
for _event in simple.parse([(0, _line, _line)], NoMemory()):
    if isinstance(_event, Event):
        price(_event)
load("staging")
with suppress(psycopg.OperationalError):  # libpq and its libraries are loaded by the first attempt
    psycopg.connect("host=/nowhere dbname=none")
