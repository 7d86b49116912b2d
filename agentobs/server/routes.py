"""The one table of routes: what is served, who may ask for it, how large a body may be.

The application, the matrix of who may do what, and the OpenAPI document are made from it.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from agentobs.errors import AgentobsError
from agentobs.server import events, health, metrics, openapi, otlp, otlp_answers, read_api, stream, stream_socket
from agentobs.server.access import Scope
from agentobs.server.answers import refusal
from agentobs.server.call import Call, Endpoint
from agentobs.server.otlp_lines import Signal

BODY_CAP_BYTES = 64 << 20


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One path and what may be done with it."""

    path: str
    methods: tuple[str, ...]
    endpoint: Endpoint
    scope: Scope
    summary: str
    body_cap_bytes: int = 0  # as sent and after decompression; 0: it takes no body
    refused: Callable[[AgentobsError, Request], Response] = refusal  # how errors are told
    audited: str | None = None  # the name under which its use stands in the audit log
    socket: Callable[[WebSocket, Call], Awaitable[None]] | None = None  # the same path by WebSocket
    query: type[msgspec.Struct] | None = None  # its fields are the parameters
    takes: tuple[str, ...] = ("application/json",)  # media types of the body
    gives: str = "application/json"  # media type of a 200
    answer: dict[str, Any] = {}  # JSON schema of a 200


ROUTES = (
    Route(
        path="/v1/events",
        methods=("POST",),
        endpoint=events.post_events,
        scope=Scope.INGEST,
        takes=("application/json", "application/x-ndjson"),
        query=events.EventsQuery,
        summary="Send events; answered when they are durable.",
        body_cap_bytes=BODY_CAP_BYTES,
    ),
    Route(
        path="/v1/traces",
        methods=("POST",),
        endpoint=otlp.post_traces,
        scope=Scope.INGEST,
        takes=("application/x-protobuf", "application/json"),
        summary="Send spans by OTLP/HTTP, in protobuf or JSON; answered when they are durable.",
        body_cap_bytes=BODY_CAP_BYTES,
        answer=otlp_answers.answer_schema(Signal.TRACES),
        refused=otlp_answers.refused,
    ),
    Route(
        path="/v1/logs",
        methods=("POST",),
        endpoint=otlp.post_logs,
        scope=Scope.INGEST,
        takes=("application/x-protobuf", "application/json"),
        summary="Send log records by OTLP/HTTP, in protobuf or JSON; answered when they are durable.",
        body_cap_bytes=BODY_CAP_BYTES,
        answer=otlp_answers.answer_schema(Signal.LOGS),
        refused=otlp_answers.refused,
    ),
    Route(
        path="/v1/metrics",
        methods=("POST",),
        endpoint=otlp.post_metrics,
        scope=Scope.INGEST,
        takes=("application/x-protobuf", "application/json"),
        summary="Send data points by OTLP/HTTP, in protobuf or JSON; answered when they are durable.",
        body_cap_bytes=BODY_CAP_BYTES,
        answer=otlp_answers.answer_schema(Signal.METRICS),
        refused=otlp_answers.refused,
    ),
    Route(
        path="/v1/stream",
        methods=("GET",),
        endpoint=stream.get_stream,
        scope=Scope.READ,
        summary="Follow events as they are committed: server-sent events, or a WebSocket.",
        audited="stream_followed",
        socket=stream_socket.follow_stream,
        query=stream.StreamQuery,
        gives="text/event-stream",
        answer={"type": "string"},
    ),
    Route(
        path="/v1/sessions",
        methods=("GET",),
        endpoint=read_api.get_sessions,
        scope=Scope.READ,
        summary="List sessions, the newest first.",
        query=read_api.SessionsQuery,
        answer=openapi.page("sessions", "SESSIONS"),
    ),
    Route(
        path="/v1/sessions/{session:path}/timeline",
        methods=("GET",),
        endpoint=read_api.get_timeline,
        scope=Scope.READ,
        audited="session_opened",
        summary="List the events of one session in the order in which it went.",
        query=read_api.TimelineQuery,
        answer=openapi.page("events", "AgentEvent"),
    ),
    Route(
        path="/v1/sessions/{session:path}",
        methods=("GET",),
        endpoint=read_api.get_session,
        scope=Scope.READ,
        audited="session_opened",
        summary="Return one session.",
        query=read_api.NoQuery,
        answer=openapi.named("SESSIONS"),
    ),
    Route(
        path="/v1/usage",
        methods=("GET",),
        endpoint=read_api.get_usage,
        scope=Scope.READ,
        summary="Count calls, tokens and cost by day, hour, model, project, agent or session.",
        query=read_api.UsageQuery,
        answer=openapi.page("usage", "USAGE"),
    ),
    Route(
        path="/v1/findings",
        methods=("GET",),
        endpoint=read_api.get_findings,
        scope=Scope.READ,
        summary="List what went wrong in sessions that were analyzed.",
        query=read_api.FindingsQuery,
        answer=openapi.page("findings", "FINDINGS"),
    ),
    Route(
        path="/v1/search",
        methods=("GET",),
        endpoint=read_api.get_search,
        scope=Scope.READ,
        audited="searched",
        summary="Find words in what was asked, answered, run and printed, the newest first.",
        query=read_api.SearchQuery,
        answer=openapi.page("hits", "HITS", unindexed_events={"type": "integer"}),
    ),
    Route(
        path="/v1/openapi.json",
        methods=("GET",),
        endpoint=openapi.get_openapi,
        scope=Scope.OPEN,
        summary="Return the OpenAPI document of this server.",
        query=read_api.NoQuery,
        answer={"type": "object"},
    ),
    Route(
        path="/metrics",
        methods=("GET",),
        endpoint=metrics.get_metrics,
        scope=Scope.ADMIN,
        summary="Tell Prometheus what was counted.",
        query=read_api.NoQuery,
        gives="text/plain",
        answer={"type": "string"},
    ),
    Route(
        path="/healthz",
        methods=("GET",),
        endpoint=health.get_healthz,
        scope=Scope.OPEN,
        summary="Tell whether the process answers.",
    ),
    Route(
        path="/readyz",
        methods=("GET",),
        endpoint=health.get_readyz,
        scope=Scope.OPEN,
        summary="Tell whether the spool takes more, and how far the drain is behind.",
    ),
)
