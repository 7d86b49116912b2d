"""The SQL of the store, one file a query; `load` reads it once."""

from functools import cache
from importlib.resources import files

LANES = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "reasoning_tokens",
    "web_search_requests",
)


@cache
def load(name: str) -> str:
    """Return the text of `name.sql`; a line with `{lane}` in it stands for one such line per lane of usage."""
    text = (files(__name__) / f"{name}.sql").read_text(encoding="utf-8")
    lines = []
    for line in text.splitlines():
        lines.extend([line.replace("{lane}", lane) for lane in LANES] if "{lane}" in line else [line])
    return "\n".join(lines) + "\n"


@cache
def statements(name: str, **relations: str) -> tuple[str, ...]:
    """Return the statements of `name.sql`, which a line that holds only `;` ends; `{key}` stands for a relation."""
    text = load(name)
    for key, relation in relations.items():
        text = text.replace(f"{{{key}}}", relation)
    return tuple(part.strip() for part in text.split("\n;\n") if part.strip())
