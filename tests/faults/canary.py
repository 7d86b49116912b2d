"""Seeded secrets of many kinds, and sessions of three agents that have them in every place."""

import json
import random
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import ascii_letters, ascii_uppercase, digits

SESSION = "5a000000-0000-4000-8000-00000000ca11"
_WORD = ascii_letters + digits


def seeds(seed: int) -> dict[str, tuple[str, str]]:
    """Return {kind: (the secret, how it is said)}; nothing of them is written down anywhere."""
    rng = random.Random(seed)

    def draw(letters: str, length: int) -> str:
        return "".join(rng.choice(letters) for _ in range(length))

    def part(value: object) -> str:
        return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    token = {
        "aws": "AKIA" + draw(ascii_uppercase + "234567", 16),
        "github": "ghp_" + draw(_WORD, 36),
        "gitlab": "glpat-" + draw(_WORD, 20),
        "anthropic": "sk-ant-api03-" + draw(_WORD, 93) + "AA",
        "openai": "sk-proj-" + draw(_WORD, 40) + "T3BlbkFJ" + draw(_WORD, 40),
        "slack": f"xoxb-{draw(digits, 12)}-{draw(digits, 12)}-{draw(_WORD, 24)}",
        "google": "AIza" + draw(_WORD, 35),
        "stripe": "sk_live_" + draw(_WORD, 24),
        "npm": "npm_" + draw(_WORD, 36),
        "hugging_face": "hf_" + draw(ascii_letters, 34),
        "sendgrid": f"SG.{draw(_WORD, 22)}.{draw(_WORD, 43)}",
        "jwt": f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part({'sub': draw(_WORD, 12)})}.{draw(_WORD, 43)}",
    }
    said = {kind: (value, value) for kind, value in token.items()}
    password, secret, bearer = draw(_WORD, 18), draw(_WORD + "/+", 40), draw(_WORD, 40)
    body = "\n".join(draw(_WORD + "/+", 64) for _ in range(4))
    said |= {
        "aws_secret": (secret, f"aws_secret_access_key = {secret}"),
        "env": (password, f"export DB_PASSWORD={password}"),
        "url": (draw(_WORD, 16), "postgres://ada:{}@db.example.org/shop"),
        "bearer": (bearer, f"curl -H 'Authorization: Bearer {bearer}' https://example.org"),
        "private_key": (body, f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"),
    }
    return {kind: (value, how.replace("{}", value)) for kind, (value, how) in said.items()}


def needles(secret: str) -> Iterator[bytes]:
    """What of a secret must be nowhere: its lines, and the random half at each end of it."""
    for line in secret.splitlines():
        yield line.encode()
        if len(line) >= 30:
            yield line[-16:].encode()
            yield line[len(line) // 2 - 8 : len(line) // 2 + 8].encode()


def write(folder: Path, planted: Mapping[str, tuple[str, str]]) -> None:
    """Write a session of Claude Code, one of Codex and one of opencode; each has every secret in every place."""
    text = "\n".join(f"{kind}: {how}" for kind, (_, how) in planted.items())
    tokens = [value for value, how in planted.values() if value == how]
    lines = list(_claude_code(text, [how for _, how in planted.values()], tokens))
    project = folder / "projects" / "-home-ada-shop"
    project.mkdir(parents=True)
    broken = '{"type": "user", "message": {"role": "user", "content": ' + json.dumps(text)
    (project / f"{SESSION}.jsonl").write_text("\n".join([*lines, broken]) + "\n", encoding="utf-8")
    (folder / "rollout-2026-03-02T09-00-00-019cadc6-9a80-7000-8000-0000000000ca.jsonl").write_text(
        "\n".join(_codex(text, tokens)) + "\n", encoding="utf-8"
    )
    (folder / "opencode.json").write_text(json.dumps(_opencode(text, tokens)), encoding="utf-8")


def _claude_code(text: str, every: list[str], tokens: list[str]) -> Iterator[str]:
    """A prompt for each secret, so that each is a summary; calls, paths and outputs, also as JSON in JSON in JSON."""
    place = 0

    def line(kind: str, **more: object) -> str:
        nonlocal place
        place += 1
        return json.dumps({
            "type": kind, "uuid": f"00000000-0000-4000-8000-{place:012}", "sessionId": SESSION, "version": "2.1.49",
            "timestamp": f"2026-03-09T10:{place // 60:02}:{place % 60:02}.000Z", "cwd": "/home/ada/shop",
            "isSidechain": False, "userType": "external", "gitBranch": "main", **more,
        })  # fmt: skip

    def call(name: str, given: object) -> Iterator[str]:
        number = f"toolu_{place:024}"
        content = [{"type": "tool_use", "id": number, "name": name, "input": given}]
        usage = {"input_tokens": 10, "output_tokens": 2}
        message = {"id": f"msg_{place:020}", "role": "assistant", "model": "claude-haiku-4-5", "usage": usage}
        yield line("assistant", message={**message, "content": content})
        nested = json.dumps({"env": json.dumps({"out": text})})
        result = {"type": "tool_result", "tool_use_id": number, "content": nested, "is_error": True}
        yield line("user", message={"role": "user", "content": [result]}, toolUseResult={"stdout": text, "stderr": ""})

    for said in every:
        yield line("user", message={"role": "user", "content": f"please use {said} now"})
        yield line("user", message={"role": "user", "content": "x" * 270 + " " + said})  # a summary ends inside it
    yield line("user", message={"role": "user", "content": text})
    yield json.dumps({"type": "ai-title", "aiTitle": f"with {tokens[0]}", "sessionId": SESSION})
    for token in tokens:
        yield from call("Bash", {"command": f"deploy --key {token}", "env": {"TOKEN": token}})
        yield from call("Read", {"file_path": f"/home/ada/shop/{token}/notes.txt"})
        yield from call("Write", {"file_path": f"/home/ada/shop/{token}.py", "content": text})
    yield from call("Bash", {"command": text})
    yield line("system", subtype="api_error", error={"message": text}, content=text, level="error")
    yield line("moon-phase", note=text)


def _codex(text: str, tokens: list[str]) -> Iterator[str]:
    def line(kind: str, **payload: object) -> str:
        return json.dumps({"timestamp": "2026-03-02T09:00:05.000Z", "type": kind, "payload": payload})

    session = "019cadc6-9a80-7000-8000-0000000000ca"
    yield line("session_meta", id=session, timestamp="2026-03-02T09:00:00.000Z", cwd="/home/ada/shop", source="cli",
               originator="codex-tui", cli_version="0.118.0", model_provider="openai")  # fmt: skip
    said = [{"type": "input_text", "text": text}]
    yield line("response_item", type="message", role="user", content=said)
    for number, given in enumerate([text, *tokens]):
        call = {
            "name": "shell_command",
            "arguments": json.dumps({"command": f"echo {given}"}),
            "call_id": f"c{number:030}",
        }
        yield line("response_item", type="function_call", **call)
        out = json.dumps({"output": text, "metadata": {"exit_code": 1}})
        yield line("response_item", type="function_call_output", call_id=call["call_id"], output=out)
    patch = f"*** Begin Patch\n*** Add File: src/{tokens[0]}.py\n+{tokens[1]}\n*** End Patch"
    yield line(
        "response_item", type="custom_tool_call", status="completed", call_id="d" * 30, name="apply_patch", input=patch
    )


def _opencode(text: str, tokens: list[str]) -> dict[str, object]:
    session, at = "ses_0aCanary000000000000000001", 1773050400000

    def message(place: int, info: dict[str, object], parts: list[dict[str, object]]) -> dict[str, object]:
        named = {"id": f"msg_0aCanary00000000000000000{place}", "sessionID": session}
        ids = [
            {"id": f"prt_0aCanary000000000000000{place}{n:02}", **named, "messageID": named["id"]} for n in range(99)
        ]
        return {
            "info": {**named, "time": {"created": at + place * 1000}, "agent": "build", **info},
            "parts": [ids[n] | part for n, part in enumerate(parts)],
        }

    def tool(number: int, name: str, given: object) -> dict[str, object]:
        state = {"status": "completed", "input": given, "output": text, "title": tokens[0],
                 "metadata": {"output": text}, "time": {"start": at + 3000, "end": at + 3050}}  # fmt: skip
        return {"type": "tool", "tool": name, "callID": f"call_{number:025}", "state": state}

    answer = {"role": "assistant", "mode": "build", "path": {"cwd": "/home/dev/shop", "root": "/home/dev/shop"},
              "cost": 0.25, "tokens": {"input": 1, "output": 2, "reasoning": 0, "cache": {"read": 0, "write": 0}},
              "modelID": "small-1", "providerID": "opencode", "finish": "stop"}  # fmt: skip
    edit = tool(50, "edit", {"filePath": f"/home/dev/shop/{tokens[1]}.py", "newString": text})
    tools = [tool(n, "bash", {"command": f"run {token}"}) for n, token in enumerate(tokens)]
    return {
        "info": {"id": session, "slug": "canary", "projectID": "p1", "directory": "/home/dev/shop", "version": "1.18.3",
                 "title": f"about {tokens[0]}", "time": {"created": at, "updated": at + 9000}},
        "messages": [
            message(1, {"role": "user", "model": {"providerID": "opencode", "modelID": "small-1"}},
                    [{"type": "text", "text": text}]),
            message(2, answer, [*tools, edit, {"type": "reasoning", "text": text, "time": {"start": at, "end": at}}]),
        ],
    }  # fmt: skip
