"""The SQL of the store, one file a query; `load` reads it once."""

from collections.abc import Sequence
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
    """Return the text of `name.sql`.

    A line with `{lane}` in it stands for one such line per lane of usage, `{record}` for an event's raw record.
    """
    lines = []
    for line in _text(name).splitlines():
        lines.extend([line.replace("{lane}", lane) for lane in LANES] if "{lane}" in line else [line])
    text = "\n".join(lines) + "\n"
    return text.replace("{record}", _text("_record").split("\n", 1)[1].strip()) if "{record}" in text else text


def _text(name: str) -> str:
    return (files(__name__) / f"{name}.sql").read_text(encoding="utf-8")


def function(name: str, queries: Sequence[str], **words: str) -> str:
    """Return what makes `pg_temp.<name>()` of queries: one call runs them all, and the server keeps their plans.

    `{key}` in a query stands for a word: the relation it reads, or a list of columns.
    """
    body = "\n".join(load(query) for query in queries)
    for key, word in words.items():
        body = body.replace(f"{{{key}}}", word)
    return f"CREATE OR REPLACE FUNCTION pg_temp.{name}() RETURNS void LANGUAGE plpgsql AS $$ BEGIN\n{body}\nEND $$"
