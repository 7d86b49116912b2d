"""Property tests over the OpenAPI document: whatever is sent, the answer is one that the document names."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import content_type_conformance, not_a_server_error, response_schema_conformance
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, status_code_conformance

from agentobs.server.access import Guard
from agentobs.server.keys import KeyRing
from agentobs.server.openapi import document
from agentobs.server.read_api_pool import Reading
from agentobs.server.routes import ROUTES
from agentobs.store import engine, keys, migrate
from tests.conftest import _database
from tests.server.accepting import Accepting, accepting, drain
from tests.server.test_events import FIXTURES
from tests.server.test_keys import Kept

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    ignored_auth,
]
OWNED = keys.Key(
    key_id="a" * 12, secret_hash=keys.hash_of("b" * 64), scopes=keys.SCOPES,
    created_at=datetime(2026, 1, 1, tzinfo=UTC), events_per_s=1e8,
)  # fmt: skip
BEARER = {"authorization": f"Bearer ao_{'a' * 12}_{'b' * 64}"}
endless = {route.path for route in ROUTES if route.socket is not None}
schema = schemathesis.openapi.from_dict(document(ROUTES)).exclude(path=sorted(endless))


@schemathesis.serializer("application/x-ndjson", "application/x-protobuf")
def as_it_is(_, value: object) -> bytes:
    """Nothing of the kind, mostly: then that is told. test_fuzzed.py has bodies that are nearly right."""
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture(scope="module")
def server(embedded_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accepting]:
    folder = tmp_path_factory.mktemp("schema") / "spool"
    with _database(embedded_server) as url:
        with engine.connect(url) as connection:
            migrate.migrate(connection)
        guard = Guard(KeyRing(Kept(OWNED)), owner_needs_none=False)
        with accepting(folder, access=guard, reading=Reading(url)) as running:
            for name in ("claude_code/streamed.jsonl", "claude_code/subagents.jsonl"):
                if (FIXTURES / name).exists():
                    body = (FIXTURES / name).read_bytes()
                    assert running.post(body, "?adapter=claude_code", **BEARER).status_code == 200
            drain(url, folder)
            yield running


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_every_answer_is_one_that_the_document_names(case, server: Accepting) -> None:
    answer = case.call(base_url=server.url, headers=BEARER)
    # A body is taken item by item, and an empty one is nothing: what is wrong in it is told in a 200.
    checks = [check for check in CHECKS if case.method == "GET" or check is not negative_data_rejection]
    case.validate_response(answer, checks=checks, headers=BEARER)
