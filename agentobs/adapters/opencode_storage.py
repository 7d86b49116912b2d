"""opencode's storage folder, before its database: ~/.local/share/opencode/storage, a JSON file for each record.

    session/<project>/<session>.json    the source: the others are read with it
    message/<session>/<message>.json
    part/<message>/<part>.json

Together they are what an export of the session holds, see opencode, and give the same events. opencode keeps the folder
when it moves its records into a database (opencode_database): a session in both counts once. Left out: the layout of
the first months (storage/session/info/...), which opencode itself moves into this one.
"""

import re
from pathlib import PurePosixPath

from agentobs.adapters._base import Adapter, Fidelity, Gathering, Records
from agentobs.adapters._opencode_origin import NAME
from agentobs.adapters._opencode_session import content, with_ids
from agentobs.adapters._rows import Pieces, fields, object_of, read_raw
from agentobs.adapters.opencode import parse

_HEAD_LENGTH = 4096
_OPENING = re.compile(rb'\s*\{\s*"(?:id|slug|version|projectID|directory|title|parentID|time)"\s*:')
_ID = re.compile(rb'"id"\s*:\s*"ses_\w{4,60}"')
_PROJECT = re.compile(rb'"projectID"\s*:\s*"')
_RECORD = re.compile(rb'\s*\{\s*"\w{1,40}"\s*:')
_RECORD_ID = re.compile(rb'"id"\s*:\s*"(?:msg|prt)_\w{4,60}"')
_SESSION = re.compile(rb'"sessionID"\s*:\s*"(ses_\w{4,60})"')
_session_id = re.compile(r"ses_\w{4,60}").fullmatch
_SUFFIX = ".json"


def document(own: bytes, records: Records) -> bytes:
    """Return {info, messages: [{info, parts}]} from a session's file and those of its messages and parts."""
    info = fields(own)
    session_id = f"({info})" if isinstance(info, str) else read_raw(info.get("id"))
    if isinstance(info, str) or not isinstance(session_id, str) or not _session_id(session_id):
        raise ValueError(f"the session's file names no session {session_id or ''}"[:300])
    pieces = Pieces()
    pieces.add(b'{"info":', object_of(info), b',"messages":[')
    for number, message in enumerate(_stems(records, f"message/{session_id}")):
        ids: dict[str, object] = {"id": message, "sessionID": session_id}
        info_of = with_ids(records.read(f"message/{session_id}/{message}{_SUFFIX}"), ids)
        pieces.add(b"," if number else b"", b'{"info":', info_of, b',"parts":[')
        for place, part in enumerate(_stems(records, f"part/{message}")):
            data = records.read(f"part/{message}/{part}{_SUFFIX}")
            pieces.add(b"," if place else b"", with_ids(data, {**ids, "id": part, "messageID": message}))
        pieces.add(b"]}")
    pieces.add(b"]}")
    return pieces.joined()


def _stems(records: Records, folder: str) -> list[str]:
    """The records of a folder, in the order of their ids; opencode's own are made so that this is their order."""
    return [PurePosixPath(name).stem for name in records.names(folder) if name.endswith(_SUFFIX) and name[0] != "."]


def owner(head: bytes) -> str | None:
    """Return where the session of a message's or a part's file lies; None for any other file."""
    head = head[:_HEAD_LENGTH]
    found = _SESSION.search(head)
    if found is None or not _RECORD.match(head) or not _RECORD_ID.search(head):
        return None
    return f"session/*/{found[1].decode()}{_SUFFIX}"


def detect(head: bytes) -> float:
    """Return how sure it is that a file is a session's own record: a session's id and its project, at the top."""
    head = head[:_HEAD_LENGTH]
    return 0.9 if _OPENING.match(head) and _ID.search(head) and _PROJECT.search(head) else 0.0


ADAPTER = Adapter(
    name="opencode_storage",
    agent=NAME,
    title="opencode storage folder",
    locations=(".local/share/opencode/*/session/*/*.json",),
    patterns=("*.json",),
    detect=detect,
    parse=parse,
    content=content,
    whole=True,
    gathering=Gathering(levels=2, document=document, owner=owner),
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
        basis="https://github.com/anomalyco/opencode: packages/opencode/src/storage/storage.ts, json-migration.ts",
    ),
)
