"""The OpenAPI document of the routes: their parameters, bodies and answers, from the same structs that read them."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

import msgspec
from starlette.responses import Response

from agentobs.events import BASES, QUALITIES, ROLES, SEVERITIES, STATUSES, wire
from agentobs.server.access import Scope
from agentobs.server.answers import answer
from agentobs.server.call import Call
from agentobs.server.otlp_answers import PROTOBUF

if TYPE_CHECKING:
    from agentobs.server.routes import Route

_REF = "#/components/schemas/{name}"
_REFUSALS = {
    400: "The request cannot be taken; `error` says why.",
    401: "A key is missing, unknown, revoked or expired.",
    403: "The key, host or origin may not do this.",
    404: "It is not there.",
    408: "The body came too slowly.",
    413: "The body is too large.",
    415: "The encoding or type of the body is not known.",
    422: "Nothing of the body was accepted; `errors` says why, item by item.",
    429: "The key has sent too much; Retry-After says when to come again.",
    500: "Something unexpected; the server's log says where.",
    503: "Not now; Retry-After says when to come again.",
}
_OPEN = (500, 503)
_READING = (400, 401, 403, 404, 429, 500, 503)
_SENDING = (400, 401, 403, 408, 413, 415, 422, 429, 500, 503)
_ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string"}},
}
_STATUS = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
}
_TAKEN = {
    "type": "object",
    "properties": {
        "accepted": {"type": "integer"},
        "rejected": {"type": "integer"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"index": {"type": "integer"}, "reason": {"type": "string"}},
            },
        },
    },
}
_GROUPS = {name: {"type": ["string", "null"]} for name in ("day", "hour", "model", "project", "agent", "session")}


def named(name: str) -> dict[str, Any]:
    """Return the schema that stands under a name: one of frames.FRAMES in capitals, or AgentEvent."""
    return {"$ref": _REF.format(name=name)}


def page(what: str, name: str, **more: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a page of a list, where it goes on, and what more it says."""
    return {
        "type": "object",
        "required": [what, "next", *more],
        "properties": {
            what: {"type": "array", "items": named(name)},
            "next": {"type": ["string", "null"], "description": "`cursor` of the next page; null: this is the last"},
            **more,
        },
    }


async def get_openapi(call: Call) -> Response:
    """Return the document."""
    from agentobs.server.read_api_query import decode
    from agentobs.server.routes import ROUTES

    route = next(route for route in ROUTES if route.endpoint is get_openapi)
    assert route.query is not None
    decode(call.request.query_params, route.query)
    return answer(document(ROUTES))


def document(routes: Sequence["Route"]) -> dict[str, Any]:
    """Return the OpenAPI document of some routes."""
    import agentobs

    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = re.sub(r":\w+\}", "}", route.path)
        for method in route.methods:
            paths.setdefault(path, {})[method.lower()] = _operation(route, path, method)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "agentobs",
            "version": agentobs.__version__,
            "description": "Sends, follows and reads the sessions of AI coding agents. Events travel as AgentEvents; "
            "rows of tables have the columns of agentobs.frames. null: the source did not say.",
        },
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "ao_<id>_<secret>"}},
        },
    }


def _operation(route: "Route", path: str, method: str) -> dict[str, Any]:
    statuses = _OPEN if route.scope is Scope.OPEN and route.query is None else _READING
    if route.body_cap_bytes:
        statuses = _SENDING
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": f"{method.lower()}_{re.sub(r'[^a-z0-9]+', '_', path.lower()).strip('_')}",
        "parameters": [*_in_path(path), *_in_query(route.query)],
        "responses": {
            "200": {"description": route.summary, "content": {media: _given(route, media) for media in _forms(route)}},
            **{str(status): _refusal(status, _forms(route)) for status in statuses},
        },
    }
    if route.scope is not Scope.OPEN:
        operation["security"] = [{"key": []}, {}]  # by loopback without keys nobody is asked for one
        operation["description"] = f"Needs the scope `{route.scope}` where keys are in use."
    if route.body_cap_bytes:
        operation["requestBody"] = {
            "required": True,
            "description": f"At most {route.body_cap_bytes} bytes, as sent and decompressed (gzip, zstd).",
            "content": {media: {"schema": _taken(route, media)} for media in route.takes},
        }
    return operation


def _forms(route: "Route") -> tuple[str, ...]:
    """The media types of an answer: OTLP is answered in that of the request."""
    return route.takes if PROTOBUF in route.takes else (route.gives,)


def _given(route: "Route", media: str) -> dict[str, Any]:
    if media == PROTOBUF:
        return {"schema": {"description": "Export...ServiceResponse of the OpenTelemetry protocol"}}
    if route.answer:
        return {"schema": route.answer}
    return {"schema": named("Taken") if route.path == "/v1/events" else {}}


def _taken(route: "Route", media: str) -> dict[str, Any]:
    if route.path != "/v1/events":
        return {}
    if media == "application/x-ndjson":
        return {"type": "string", "description": "one AgentEvent a line"}
    one = named("AgentEvent")
    return {"anyOf": [one, {"type": "array", "items": one}]}


def _refusal(status: int, forms: Sequence[str]) -> dict[str, Any]:
    told: dict[str, Any] = {"description": _REFUSALS[status]}
    if PROTOBUF in forms:
        status_of = {PROTOBUF: {"schema": {"description": "google.rpc.Status"}}}
        told["content"] = {**status_of, "application/json": {"schema": _STATUS}}
    else:
        told["content"] = {"application/json": {"schema": named("Taken") if status == 422 else named("Error")}}
    if status in {429, 503}:
        told["headers"] = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
    return told


def _in_path(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"\{(\w+)\}", path)
    ]


def _in_query(query: type[msgspec.Struct] | None) -> list[dict[str, Any]]:
    if query is None:
        return []
    (schema,), components = msgspec.json.schema_components([query], ref_template=_REF)
    properties = components[schema["$ref"].rsplit("/", 1)[1]]["properties"]
    return [_parameter(name, given) for name, given in properties.items()]


def _parameter(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """A parameter that may be left out; it has no way to say null."""
    schema = {key: value for key, value in given.items() if key != "default" or value is not None}
    kinds = [one for one in schema.pop("anyOf", []) if one != {"type": "null"}]
    if len(kinds) == 1:
        schema.update(kinds[0])
    if name == "tz":
        schema["enum"] = sorted(available_timezones())
    description = schema.pop("description", None)
    parameter: dict[str, Any] = {"name": name, "in": "query", "required": False, "schema": schema}
    if schema.get("type") == "array":
        parameter.update(style="form", explode=True)
    return parameter if description is None else {**parameter, "description": description}


def _schemas() -> dict[str, Any]:
    from agentobs.frames import FRAMES
    from agentobs.server.read_api_rows import schema_of

    tables = {name.upper(): schema_of(FRAMES[name]) for name in ("sessions", "usage", "findings", "hits")}
    tables["USAGE"] = {**tables["USAGE"], "properties": {**_GROUPS, **tables["USAGE"]["properties"]}}
    return {**_event(), **tables, "Error": _ERROR, "Taken": _TAKEN}


def _event() -> dict[str, Any]:
    """The schemas of AgentEvent, with what its reader asks beyond the types."""
    fields = msgspec.structs.fields(wire.AgentEvent)
    described = [
        (field.name, dict[str, Any] | None, None)
        if field.name == "data"
        else (field.name, field.type)
        if field.required
        else (field.name, field.type, _default(field))
        for field in fields
    ]
    shape = msgspec.defstruct(
        "AgentEvent", described, rename={field.name: field.encode_name for field in fields}, kw_only=True
    )
    _, components = msgspec.json.schema_components([shape], ref_template=_REF)
    event, context, metrics = (components[name]["properties"] for name in ("AgentEvent", "WireContext", "WireMetrics"))
    event["timestamp"] = {"type": "string", "format": "date-time", "description": "naive times are UTC"}
    event["severity"] = {"enum": list(SEVERITIES), "default": "info"}
    event["parentEventId"] = {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]}
    context["status"] = {"enum": [*STATUSES, None]}
    context["role"] = {"enum": [*ROLES, None]}
    context["timestampQuality"] = {"enum": [*QUALITIES, None]}
    context["digest"] = {"anyOf": [{"type": "string", "pattern": "^[0-7]?[0-9a-f]{1,15}$"}, {"type": "null"}]}
    metrics["basis"] = {"enum": [*BASES, None]}
    return components


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    return msgspec.field(default_factory=field.default_factory)
