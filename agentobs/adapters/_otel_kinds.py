"""What a span stands for, by the names of every convention that is around.

OpenTelemetry's own (gen_ai.operation.name), OpenInference (openinference.span.kind), OpenLLMetry (traceloop.span.kind,
llm.request.type), Vercel's AI SDK (ai.operationId), Langfuse, MLflow, and Claude Code's own spans.
"""

from agentobs.adapters._otel_records import Attributes, Span, text_of

MODEL, TOOL, SEARCH, AGENT, WAIT, UNKNOWN = "model", "tool", "search", "agent", "wait", "unknown"

NOT_AGENT_WORK = "not_agent_work"
ORCHESTRATION = "orchestration"
PART_OF_TOOL = "part_of_tool_span"

_OPERATIONS = {
    **dict.fromkeys(
        ("chat", "text_completion", "completion", "generate_content", "llm_call", "responses", "embeddings", "message"),
        MODEL,
    ),
    **dict.fromkeys(("execute_tool", "tool_call", "tool"), TOOL),
    **dict.fromkeys(("invoke_agent", "agent_call", "invoke_workflow", "agent"), AGENT),
    "create_agent": ORCHESTRATION,
    "retrieval": SEARCH,
}
_OPENINFERENCE = {
    **dict.fromkeys(("llm", "embedding"), MODEL),
    "tool": TOOL,
    "retriever": SEARCH,
    "agent": AGENT,
    **dict.fromkeys(("chain", "reranker", "prompt"), ORCHESTRATION),
}
_TRACELOOP = {"tool": TOOL, "agent": AGENT, "workflow": ORCHESTRATION, "task": ORCHESTRATION}
_LANGFUSE = {
    **dict.fromkeys(("generation", "embedding"), MODEL),
    "tool": TOOL,
    "retriever": SEARCH,
    "agent": AGENT,
    **dict.fromkeys(("span", "chain", "event"), ORCHESTRATION),
}
_MLFLOW = {
    **dict.fromkeys(("llm", "chat_model", "embedding"), MODEL),
    "tool": TOOL,
    "retriever": SEARCH,
    "agent": AGENT,
    **dict.fromkeys(("chain", "parser", "reranker", "memory", "task", "workflow"), ORCHESTRATION),
}
_CLAUDE_CODE = {
    "llm_request": MODEL,
    "tool": TOOL,
    "tool.execution": PART_OF_TOOL,
    "tool.blocked_on_user": WAIT,
    "interaction": AGENT,
    "hook": ORCHESTRATION,
}
_TABLES = (
    ("gen_ai.operation.name", _OPERATIONS),
    ("openinference.span.kind", _OPENINFERENCE),
    ("gen_ai.span.kind", _OPENINFERENCE),
    ("langfuse.observation.type", _LANGFUSE),
    ("traceloop.span.kind", _TRACELOOP),
    ("mlflow.spanType", _MLFLOW),
)
_DECORATION = frozenset(
    ("gen_ai.conversation.id", "gen_ai.task.id", "gen_ai.agent.name", "gen_ai.agent.id", "gen_ai.agent.description")
)
"""What some frameworks put on all of their spans, those of HTTP and of queues too."""

_OF_A_MODEL = (
    "llm.request.type",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.prompt_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.token_count.prompt",
    "llm.token_count.total",
    "gen_ai.request.model",
    "gen_ai.prompt.0.role",
)


def kind_of(span: Span) -> str:
    """Return MODEL, TOOL, SEARCH, AGENT, WAIT or UNKNOWN, or the reason for which a span is skipped."""
    attributes = span.attributes
    if span.name.startswith("claude_code."):
        return _CLAUDE_CODE.get(span.name.removeprefix("claude_code."), UNKNOWN)
    strange = False
    for name, table in _TABLES:
        value = attributes.get(name)
        if isinstance(value, str):
            kind = table.get(value.strip('"').lower())
            if kind is not None:
                return kind
            strange = True
    if (operation := attributes.get("ai.operationId")) is not None:
        return _of_vercel(str(operation))
    return UNKNOWN if strange else _by_other_names(attributes)


def _by_other_names(attributes: Attributes) -> str:
    if "gen_ai.tool.name" in attributes or "gen_ai.tool.call.id" in attributes:
        return TOOL
    if any(name in attributes for name in _OF_A_MODEL):
        return MODEL
    return UNKNOWN if any(_looks_generative(name) for name in attributes) else NOT_AGENT_WORK


def model_of(attributes: Attributes) -> str | None:
    """Return the model that answered, else the one that was asked."""
    return text_of(
        attributes,
        "gen_ai.response.model",
        "ai.response.model",
        "gen_ai.request.model",
        "llm.model_name",
        "ai.model.id",
        "embedding.model_name",
        "langfuse.observation.model.name",
        "model",
    )


def provider_of(attributes: Attributes) -> str | None:
    """Return who serves the model; Vercel's names say which of its interfaces, too (openai.responses)."""
    named = text_of(attributes, "gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system")
    if named is not None:
        return named
    said = text_of(attributes, "ai.model.provider")
    return said.partition(".")[0] if said is not None else None


def _of_vercel(operation: str) -> str:
    if operation == "ai.toolCall":
        return TOOL
    if operation.endswith((".doGenerate", ".doStream", ".doEmbed")):
        return MODEL
    return AGENT if operation.startswith(("ai.generate", "ai.stream")) else ORCHESTRATION


def _looks_generative(name: str) -> bool:
    return name.startswith("gen_ai.") and name not in _DECORATION
