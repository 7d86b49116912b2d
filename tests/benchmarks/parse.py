"""How long Claude Code's parser takes for a line: `python -m tests.benchmarks.parse [lines]`.

A synthetic session of ~1.2 KB lines: prompts, streamed responses, reads, edits, commands. Prints the best of ten runs,
with decoding alone and one hash of each line in the same run, so that a busy machine shows.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from uuid import UUID

import msgspec

from agentobs.adapters.claude_code import ADAPTER
from agentobs.events import content_digest

TEXT = "The total of a cart is the sum of its lines, less the discounts that apply to each of them. " * 5
USAGE = {
    "input_tokens": 3,
    "cache_creation_input_tokens": 1200,
    "cache_read_input_tokens": 21000,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 1200},
    "service_tier": "standard",
}


class Decoded(msgspec.Struct):
    """The least that any parser must decode."""

    type: str
    uuid: str
    timestamp: str
    message: msgspec.Raw


def turn(number: int) -> list[tuple[str, dict, dict]]:
    """Return a prompt, a streamed response and two calls with their results: (type, message, more fields)."""

    def said(block: dict, tokens: int) -> tuple[str, dict, dict]:
        message = {"model": "claude-opus-4-6", "id": f"msg_01{number:022d}", "type": "message", "role": "assistant"}
        more = {"content": [block], "stop_reason": None, "usage": USAGE | {"output_tokens": tokens}}
        return "assistant", message | more, {"requestId": f"req_01{number:021d}"}

    def answered(call: str, text: str, result: dict) -> tuple[str, dict, dict]:
        block = {"tool_use_id": call, "type": "tool_result", "content": text, "is_error": False}
        return "user", {"role": "user", "content": [block]}, {"toolUseResult": result}

    first, second = f"toolu_01{2 * number:020d}", f"toolu_01{2 * number + 1:020d}"
    patch = [{"oldStart": 1, "lines": ["-total = 0", "+total = 1"]}]
    edit = {"file_path": "/home/dev/shop/cart.py", "old_string": TEXT[:200], "new_string": TEXT[:210]}
    edited = {"filePath": "/home/dev/shop/cart.py", "oldString": TEXT[:200], "structuredPatch": patch}
    run = {"command": f"cd /home/dev/shop && pytest -q tests/test_{number}.py", "description": "Run the tests"}
    return [
        ("user", {"role": "user", "content": TEXT}, {}),
        said({"type": "thinking", "thinking": TEXT, "signature": "c2ln" * 40}, 3),
        said({"type": "text", "text": TEXT}, 3),
        said({"type": "tool_use", "id": first, "name": "Edit", "input": edit}, 200),
        answered(first, "The file has been updated.", edited),
        said({"type": "tool_use", "id": second, "name": "Bash", "input": run}, 200),
        answered(second, TEXT[:300], {"stdout": TEXT[:300], "stderr": "", "interrupted": False, "isImage": False}),
    ]


def moment(number: int) -> str:
    """Return the time of a line, ten lines a second."""
    return f"2026-03-01T{number // 36000 % 24:02d}:{number // 600 % 60:02d}:{number // 10 % 60:02d}.{number % 10}00Z"


def session(length: int) -> list[bytes]:
    """Return the lines of a session."""
    lines: list[bytes] = []
    parent = None
    while len(lines) < length:
        for kind, message, more in turn(len(lines)):
            number = len(lines)
            record = {
                "parentUuid": parent,
                "isSidechain": False,
                "userType": "external",
                "cwd": "/home/dev/shop",
                "sessionId": str(UUID(int=1)),
                "version": "2.1.40",
                "gitBranch": "main",
                "slug": "quiet-humming-cart",
                "type": kind,
                "message": message,
                "uuid": (parent := str(UUID(int=number + 2))),
                "timestamp": moment(number),
            }
            lines.append(json.dumps(record | more, separators=(",", ":")).encode())
    return lines


def best(run: Callable[[], object], times: int = 10) -> float:
    """Return the shortest time of a run, in seconds of this process."""
    found = []
    for _ in range(times):
        started = time.process_time()
        run()
        found.append(time.process_time() - started)
    return min(found)


def main(length: int) -> None:
    """Print microseconds per line."""
    lines = session(length)
    source = [(number, line, line) for number, line in enumerate(lines)]
    decode = msgspec.json.Decoder(Decoded).decode
    sys.stdout.write(f"{len(lines):,} lines of {sum(map(len, lines)) / len(lines):,.0f} bytes, microseconds per line\n")
    for name, run in (
        ("parse", lambda: sum(1 for _ in ADAPTER.parse(source, ADAPTER.memory()))),
        ("decode alone", lambda: [decode(line).type for line in lines]),
        ("hash alone", lambda: [content_digest(line) for line in lines]),
    ):
        sys.stdout.write(f"{name:14}{best(run) / len(lines) * 1e6:8.2f}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7000)
