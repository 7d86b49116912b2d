"""What was asked and answered, from the attributes and events of a span that speaks with a model.

gen_ai.input.messages, gen_ai.output.messages     OpenTelemetry: JSON, in attributes or in an event of the span
gen_ai.prompt.N.*, gen_ai.completion.N.*          OpenLLMetry
llm.input_messages.N.message.*, output likewise   OpenInference
ai.prompt.messages, ai.prompt, ai.response.text   Vercel's AI SDK
gcp.vertex.agent.llm_request, llm_response        Google's ADK
input.value, output.value                         OpenInference, the last resort; of an agent its task and answer
gen_ai.user.message, gen_ai.choice                events of a span, in older versions of the conventions
"""

from typing import Any

import msgspec

from agentobs.adapters._otel_records import Attributes, Span, text_of

_decode = msgspec.json.Decoder().decode
_MOST_MESSAGES = 10_000
_TEXT_KEYS = ("content", "text")


def prompt_of(span: Span) -> tuple[str, int] | None:
    """Return the last text of a user in what a model was sent, and how many there are; None where nothing is said."""
    attributes = span.attributes
    for name in ("gen_ai.input.messages", "ai.prompt.messages", "langfuse.observation.input"):
        if name in attributes:
            return _last_of_user(decoded(attributes[name]))
    if "gen_ai.prompt.0.role" in attributes:
        return _indexed(attributes, "gen_ai.prompt.", ".role", ".content")
    if "llm.input_messages.0.message.role" in attributes:
        return _indexed(attributes, "llm.input_messages.", ".message.role", ".message.content")
    if "ai.prompt" in attributes:
        return _last_of_user(decoded(attributes["ai.prompt"]))
    if "gcp.vertex.agent.llm_request" in attributes:
        return _last_of_user(decoded(attributes["gcp.vertex.agent.llm_request"]))
    return _of_events(span) or _last_of_user(decoded(attributes.get("input.value")))


def task_of(attributes: Attributes) -> str | None:
    """Return what an agent was asked to do."""
    for name in ("gen_ai.input.messages", "ai.prompt.messages", "ai.prompt"):
        if name in attributes:
            found = _last_of_user(decoded(attributes[name]))
            return found[0] if found is not None else None
    said = text_of(
        attributes, "user_prompt", "smolagents.task", "input.value", "traceloop.entity.input", "gcp.vertex.agent.prompt"
    )
    if said is None or said == "<REDACTED>":
        return None
    value = decoded(said)
    if isinstance(value, dict | list):
        found = _last_of_user(value)
        if found is None and isinstance(value, dict):
            return text_of(value, "task", "prompt", "query", "question", "input", "user_prompt")
        return found[0] if found is not None else None
    return said


def answer_of(span: Span) -> str | None:
    """Return what the model answered."""
    attributes = span.attributes
    for name in ("gen_ai.output.messages", "gcp.vertex.agent.llm_response"):
        if name in attributes:
            return _texts(decoded(attributes[name]))
    said = text_of(
        attributes, "gen_ai.completion.0.content", "llm.output_messages.0.message.content", "ai.response.text"
    )
    if said is None:
        said = _contents(attributes, "llm.output_messages.0.message.contents.")
    if said is None:
        said = next((text for name, event in span.events if (text := _of_choice(name, event))), None)
    if said is None:
        value = decoded(text_of(attributes, "output.value", "response.model_output", "langfuse.observation.output"))
        said = value if isinstance(value, str) else _texts(value)
    return said


def decoded(value: object) -> Any:
    """Return what a text says as JSON, itself where it is none."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    try:
        return _decode(value.replace("\\u0000", "\\ufffd") if "\\u0000" in value else value)
    except (msgspec.MsgspecError, RecursionError):
        return value


def _last_of_user(value: object) -> tuple[str, int] | None:
    """Return the last message of a user that has a text, and how many have one."""
    if isinstance(value, dict):
        value = next((value[name] for name in ("messages", "contents", "prompt", "input") if value.get(name)), None)
    if isinstance(value, str):
        return (value, 1) if value.strip() else None
    if not isinstance(value, list):
        return None
    if value and isinstance(value[0], list):  # LangChain: a list of conversations
        value = value[0]
    texts = [text for one in value[-_MOST_MESSAGES:] if _is_of_user(one) and (text := _texts(one))]
    return (texts[-1], len(texts)) if texts else None


def _is_of_user(message: object) -> bool:
    if not isinstance(message, dict):
        return False
    inner = message.get("message")
    role = message.get("role") or message.get("type") or (inner.get("role") if isinstance(inner, dict) else None)
    return role in ("user", "human")


def _texts(value: object, depth: int = 0) -> str | None:
    """Return the texts of a message, or of several, on lines of their own; calls, results and images are left out."""
    if isinstance(value, str):
        return value or None
    if depth > 6:
        return None
    if isinstance(value, list):
        return "\n".join(text for each in value[:_MOST_MESSAGES] if (text := _texts(each, depth + 1))) or None
    if not isinstance(value, dict) or value.get("type") in (
        "tool_call_response",
        "tool_result",
        "tool-result",
        "reasoning",
    ):
        return None
    for name in ("parts", "message", "content", "contents", "text", "message_content", "choices", "generations"):
        if name in value:
            return _texts(value[name], depth + 1)
    return None


def _indexed(attributes: Attributes, head: str, role: str, content: str) -> tuple[str, int] | None:
    """Return the last text of a user among messages that stand in attributes with numbers in their names."""
    found, number = [], 0
    while (said := attributes.get(f"{head}{number}{role}")) is not None and number < _MOST_MESSAGES:
        if said == "user":
            text = attributes.get(f"{head}{number}{content}")
            if text is None:
                text = _contents(attributes, f"{head}{number}.message.contents.")
            text = _texts(decoded(text))
            if text:
                found.append(text)
        number += 1
    return (found[-1], len(found)) if found else None


def _contents(attributes: Attributes, head: str) -> str | None:
    texts, number = [], 0
    while number < 100 and f"{head}{number}.message_content.type" in attributes:
        text = attributes.get(f"{head}{number}.message_content.text")
        if isinstance(text, str):
            texts.append(text)
        number += 1
    return "\n".join(texts) or None


def _of_events(span: Span) -> tuple[str, int] | None:
    texts: list[str] = []
    for name, attributes in span.events:
        if name == "gen_ai.user.message":
            texts += filter(None, (_texts(decoded(attributes.get("content"))),))
        elif name == "gen_ai.content.prompt":
            found = _last_of_user(decoded(attributes.get("gen_ai.prompt")))
            texts += [found[0]] if found is not None else []
        elif name == "gen_ai.client.inference.operation.details" and "gen_ai.input.messages" in attributes:
            return _last_of_user(decoded(attributes["gen_ai.input.messages"]))
    return (texts[-1], len(texts)) if texts else None


def _of_choice(name: str, attributes: Attributes) -> str | None:
    if name == "gen_ai.choice":
        return _texts(decoded(attributes.get("message") or attributes.get("content")))
    if name == "gen_ai.content.completion":
        return _texts(decoded(attributes.get("gen_ai.completion")))
    if name == "gen_ai.client.inference.operation.details":
        return _texts(decoded(attributes.get("gen_ai.output.messages")))
    return None
