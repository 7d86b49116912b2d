"""tail: follow in the terminal what a server stores."""

import http.client
import json
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from cyclopts import Parameter

from agentobs.cli import opening
from agentobs.cli.output import one_line
from agentobs.cli.remote import Remote, error_of
from agentobs.errors import ServerUnavailable, SettingsError

_SILENT_S = 50.0  # a living server beats every 15 s
_FIRST_PAUSE_S, _MOST_PAUSE_S = 0.5, 15.0
_LOUD = {"error": "!", "critical": "!", "warning": "?"}


def tail(
    *,
    project: Annotated[list[str] | None, Parameter(help="Only of this project; repeatable.")] = None,
    session: Annotated[list[str] | None, Parameter(help="Only of this session; repeatable.")] = None,
    agent: Annotated[list[str] | None, Parameter(help="Only of this agent; repeatable.")] = None,
    type: Annotated[list[str] | None, Parameter(help="Only this type of event; repeatable.")] = None,  # noqa: A002
    cursor: Annotated[str | None, Parameter(help="Where to begin; 0: with everything that is stored.")] = None,
    count: Annotated[int | None, Parameter(help="End after so many events.")] = None,
    as_json: Annotated[bool, Parameter(name="--json", help="Print whole events, one JSON object a line.")] = False,
    url: Annotated[str | None, Parameter(help="The server; else AGENTOBS_URL, else this machine's.")] = None,
    key: Annotated[str | None, Parameter(help="An API key that may read; better in AGENTOBS_KEY.")] = None,
) -> int:  # fmt: skip
    """Follow events as they are stored, until Ctrl-C; goes on where it was when the connection breaks."""
    chosen = {"project": project, "session": session, "agent": agent, "type": type}
    zone = ZoneInfo(opening.settings().timezone)
    left = count
    with closing(_followed(Remote(url, key), {k: v for k, v in chosen.items() if v}, cursor)) as followed:
        return _print(followed, zone, left, as_json=as_json)


def _print(followed: Iterator[tuple[str, Any]], zone: ZoneInfo, left: int | None, *, as_json: bool) -> int:
    for kind, event in followed:
        if kind == "gap":
            _say(_gap(event))
            continue
        print(json.dumps(event, ensure_ascii=True) if as_json else line_of(event, zone), flush=True)
        if left is not None:
            left -= 1
            if left <= 0:
                return 0
    return 0


def line_of(event: dict[str, Any], zone: ZoneInfo) -> str:
    """Return an event as one line; nothing in it can move the cursor."""
    context = event.get("context", {})
    at = datetime.fromisoformat(event["timestamp"]).astimezone(zone)
    mark = _LOUD.get(event.get("severity", ""), " ")
    if context.get("status") in {"error", "denied", "interrupted"}:
        mark = "!"
    what = context.get("summary") or context.get("toolName") or context.get("nativeType") or ""
    name = event["type"] if not context.get("status") else f"{event['type']} {context['status']}"
    return one_line(f"{at:%H:%M:%S} {mark} {event['agentId']:<12} {event['sessionId'][:8]:<8} {name:<22} {what}", 400)


def _followed(
    remote: Remote, chosen: dict[str, list[str]], cursor: str | None
) -> Generator[tuple[str, Any], None, None]:
    """Events and gaps, over as many connections as it takes."""
    pause, has_begun = _FIRST_PAUSE_S, False
    while True:
        try:
            with closing(_blocks(remote, chosen, cursor)) as blocks:
                for told, kind, data in blocks:
                    if not has_begun:
                        _say(f"following {remote.url}; Ctrl-C ends")
                    cursor, pause, has_begun = told or cursor, _FIRST_PAUSE_S, True
                    if data is not None:
                        yield kind, json.loads(data)
            reason = "the server ended the stream"
        except ServerUnavailable as error:
            if not (has_begun and error.retryable):
                raise
            reason = str(error)
        except (OSError, http.client.HTTPException) as error:
            reason = str(error).lower() or "the connection broke"
        finally:
            remote.close()
        _say(f"{reason}; trying again in {pause:g} s")
        time.sleep(pause)
        pause = min(pause * 2, _MOST_PAUSE_S)


def _blocks(
    remote: Remote, chosen: dict[str, list[str]], cursor: str | None
) -> Generator[tuple[str | None, str, str | None], None, None]:
    """(cursor, kind, data) of each block of one connection."""
    query = urlencode({**chosen, **({} if cursor is None else {"cursor": cursor})}, doseq=True)
    with remote.open(f"/v1/stream?{query}", {"accept": "text/event-stream"}, _SILENT_S) as response:
        yield from _told(response, remote)


def _told(
    response: http.client.HTTPResponse, remote: Remote
) -> Generator[tuple[str | None, str, str | None], None, None]:
    if response.status != 200:
        _refused(response.status, error_of(response.status, response.read(65536)), remote)
    told, kind, data = None, "event", None
    while raw := response.readline():
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if line.startswith("id: "):
            told = line[4:]
        elif line.startswith("event: "):
            kind = line[7:]
        elif line.startswith("data: "):
            data = line[6:]
        elif not line:
            yield told, kind, data
            told, kind, data = None, "event", None


def _refused(status: int, why: str, remote: Remote) -> None:
    if status in {429, 503} or status >= 500:
        raise ServerUnavailable(f"{remote.url} refuses for now: {why}")
    raise SettingsError(f"{remote.url} refuses: {why}")


def _gap(gap: dict[str, Any]) -> str:
    missed = "some events" if gap.get("missed") is None else f"{gap['missed']:,} events"
    again = f"; --cursor {gap['from']} shows them" if gap.get("from") else ""
    return f"--- gap: {missed} did not come, we were too slow or they are too many{again} ---"


def _say(text: str) -> None:
    print(one_line(text), file=sys.stderr, flush=True)
