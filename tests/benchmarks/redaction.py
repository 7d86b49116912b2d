"""How fast redaction is: clean lines of 1.2 KB, lines with secrets or hiding escapes, and a folder of real logs.

python tests/benchmarks/redaction.py [FOLDER]
"""

import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from agentobs.redaction import RULES, Redactor
from agentobs.redaction.engines import engine_for

CHUNK_BYTES = 4 << 20
WORDS = (
    'the parser reads each line of a file once and keeps its offset; tests\n\tdef run(self): "return" src/app/main.py'
).split(" ")


def synthetic(lines: int, every: int, planted: str) -> bytes:
    """Assistant lines of about 1.2 KB as Claude Code writes them; each `every`-th says what is planted."""
    chance = random.Random(7)
    made = []
    for number in range(lines):
        text = " ".join(chance.choice(WORDS) for _ in range(146))
        if every and number % every == 0:
            text += planted
        usage = {"input_tokens": number, "output_tokens": 7, "cache_read_input_tokens": 12000}
        message = {"id": f"msg_{number:024}", "content": [{"type": "text", "text": text}], "usage": usage}
        record = {"type": "assistant", "sessionId": "550e8400-e29b-41d4-a716-446655440000", "message": message}
        made.append(json.dumps(record, ensure_ascii=False) + "\n")
    return "".join(made).encode()


def chunks(data: bytes) -> Iterator[bytes]:
    """Pieces of whole lines, as ingest reads them."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + CHUNK_BYTES) + 1 or len(data)
        yield data[start:end]
        start = end


def measure(title: str, data: bytes, redactor: Redactor) -> None:
    """Print the best of three runs, in CPU time."""
    best, lines, altered = float("inf"), 0, 0
    for _ in range(3):
        start, lines, altered = time.process_time(), 0, 0
        for chunk in chunks(data):
            redacted = redactor.chunk(chunk)
            lines += len(redacted.lines)
            altered += len(redacted.altered)
        best = min(best, time.process_time() - start)
    megabytes = len(data) / 1e6
    size = len(data) / lines
    print(  # noqa: T201
        f"  {title:34} {lines:7,} lines of {size:6,.0f} B, {altered:6,} altered: "
        f"{lines / best:11,.0f} lines/s/core, {megabytes / best:7,.0f} MB/s"
    )


def main(folder: Path | None) -> None:
    """Measure both engines on everything."""
    secret = " ghp_" + "A1b2" * 9
    data = {
        "clean": synthetic(20_000, 0, ""),
        "1 % with a token": synthetic(20_000, 100, secret),
        "10 % with code like token = x()": synthetic(20_000, 10, "\ntoken = parser.next()"),
        "10 % with a regex, \\/ in JSON": synthetic(20_000, 10, " /foo\\/bar/"),
        "all with a token": synthetic(2_000, 1, secret),
    }
    if folder is not None:
        data[f"{folder.name}/**/*.jsonl"] = b"".join(path.read_bytes() for path in sorted(folder.rglob("*.jsonl")))
    for name in ("hyperscan", "re"):
        start = time.perf_counter()
        engine_for(RULES, name)
        print(f"{name}: made in {(time.perf_counter() - start) * 1000:.0f} ms")  # noqa: T201
        redactor = Redactor(b"k" * 32, engine=name)
        for title, lines in data.items():
            measure(title, lines, redactor)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
