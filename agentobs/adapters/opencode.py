"""opencode's exported sessions: what `opencode export` writes, one document {info, messages: [{info, parts}]}.

Records are the session, each message and each part of a message, in the order of the document. Events are named after
session, native id and content: a message that grew is another version of itself. What a model call used stands in its
step-finish part, and the message repeats the last one: steps count, the message only where it has none.

    info                               session_start
    message, user                      skipped: its parts say what was asked
    message, assistant                 llm_request with the usage; an error is error_encountered, or interrupted
    text of a user                     user_interaction, role user; synthetic ones and those of a parent agent: system
    file, agent, subtask of a user     user_interaction, role system
    text, reasoning                    llm_response
    step-finish                        skipped, but a second one in a message is an llm_request with its usage
    tool                               by tool, see _opencode_tools, and its tool_result
    compaction                         context_switch
    retry                              error_encountered
    step-start, patch, snapshot        skipped
    anything else                      unknown, with its record

A subagent is a session of its own that names its parent. The same session in opencode's database (opencode_database)
or in the files of its storage folder (opencode_storage) gives the same events.
"""

import re
from collections.abc import Iterable, Iterator

from agentobs.adapters._base import Adapter, Fidelity, NoMemory
from agentobs.adapters._opencode_origin import NAME
from agentobs.adapters._opencode_session import content, session_items
from agentobs.adapters._whole_document import read_document
from agentobs.events import Item, Line, Reject, Skip

_OPENING = re.compile(rb'\s*\{\s*"info"\s*:\s*\{')
_SESSION = re.compile(rb'"id"\s*:\s*"ses_\w{4,60}"')
_OURS = re.compile(rb'"(?:projectID|directory|slug)"\s*:')
_OPENING_LENGTH = 4096


def parse(lines: Iterable[Line], memory: NoMemory) -> Iterator[Item]:
    """Yield the events of an exported session, in the order of the document."""
    for line in lines:
        if not line[1].strip():
            yield Skip(line[0], "blank")
            continue
        document = read_document(line)
        if isinstance(document, str):
            yield Reject(line[0], document, line[1])
        elif not isinstance(document.value, dict) or not ("info" in document.value or "messages" in document.value):
            yield Reject(line[0], "neither info nor messages at the top of the document", line[1])
        else:
            yield from session_items(document.value, document.original, sanitised=document.sanitised, offset=0)


def detect(head: bytes) -> float:
    """Return how sure it is that a document is an exported session: it opens with the session's info."""
    opening = _OPENING.match(head)
    if opening is None:
        return 0.0
    info = head[opening.end() : opening.end() + _OPENING_LENGTH]
    return 0.95 if _SESSION.search(info) and _OURS.search(info) else 0.0


ADAPTER = Adapter(
    name=NAME,
    title="opencode exports",
    locations=(),  # an export lies where its user put it
    patterns=("*.json", "full.jsonl"),
    detect=detect,
    parse=parse,
    content=content,
    whole=True,
    version=2,
    fidelity=Fidelity(
        times=True,
        model=True,
        tokens=True,
        cost=True,
        outcomes=True,
        threads=False,
        subagents=True,
        edits=True,
        version=True,
        basis="real files",
    ),
)
