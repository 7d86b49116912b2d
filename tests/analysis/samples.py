"""Small frames for tests: a fortnight of made-up work, two projects, three models of which one has no known price."""

from datetime import UTC, datetime, timedelta

import pandas as pd

from agentobs.frames import EVENTS, MODEL_CALLS, SESSIONS, TOOL_CALLS, Frame, empty

START = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
CANARY = '<img src=x onerror="window.__xss=1"><script>window.__xss=1</script>'
PRICES = {"claude-opus-4-1": 9e-6, "claude-sonnet-4-5": 2e-6, "acme-coder-9": None}


def frame(declared: Frame, rows: list[dict[str, object]]) -> pd.DataFrame:
    """Return the declared frame with these rows; what a row does not say is unknown."""
    if not rows:
        return empty(declared)
    columns = {
        name: pd.Series([row.get(name) for row in rows], dtype="object").astype(dtype)  # pyright: ignore[reportArgumentType]
        for name, dtype in declared.dtypes.items()
    }
    return pd.DataFrame(columns)


def model_calls(*rows: dict[str, object]) -> pd.DataFrame:
    """Return a frame of MODEL_CALLS."""
    return frame(MODEL_CALLS, list(rows))


def tool_calls(*rows: dict[str, object]) -> pd.DataFrame:
    """Return a frame of TOOL_CALLS."""
    return frame(TOOL_CALLS, list(rows))


def sessions(*rows: dict[str, object]) -> pd.DataFrame:
    """Return a frame of SESSIONS."""
    return frame(SESSIONS, list(rows))


def events(*rows: dict[str, object]) -> pd.DataFrame:
    """Return a frame of EVENTS; each at an exact time, in order, unless it says otherwise."""
    return frame(
        EVENTS, [{"ts_quality": "exact", "seq": place, "event_id": f"e{place}"} | row for place, row in enumerate(rows)]
    )


def work() -> dict[str, pd.DataFrame]:
    """Return the frames of 24 sessions over a fortnight: sessions, model_calls, tool_calls, events."""
    made: dict[str, list[dict[str, object]]] = {"sessions": [], "model_calls": [], "tool_calls": [], "events": []}
    for number in range(24):
        _session(made, number)
    declared = {"sessions": SESSIONS, "model_calls": MODEL_CALLS, "tool_calls": TOOL_CALLS, "events": EVENTS}
    return {name: frame(declared[name], rows) for name, rows in made.items()}


def _session(made: dict[str, list[dict[str, object]]], number: int) -> None:
    session = f"5e551011-0000-4000-8000-{number:012d}"
    agent = "codex" if number % 5 == 4 else "claude_code"
    project = "/home/dev/shop" if number % 3 else "/home/dev/billing-service"
    model = list(PRICES)[2 if number % 6 == 5 else number % 2]
    begin = START + timedelta(days=(number * 5) % 13, hours=number % 9)
    same = {"session_id": session, "agent": agent, "project": project, "model": model}
    prompt = CANARY if number == 3 else f"Please fix the rounding of invoice {number} and run the tests"
    at, turns = begin, 1 + number % 4
    costs: list[float] = []
    tokens = 0

    def event(kind: str, seconds: float, **more: object) -> datetime:
        nonlocal at
        at += timedelta(seconds=seconds)
        place = len(made["events"])
        row = {"event_id": f"{place:08d}", "ts": at, "ts_quality": "exact", "type": kind, "seq": place}
        made["events"].append(same | row | more)
        return at

    for turn in range(turns):
        event(
            "user_interaction",
            0 if turn == 0 else 1900,
            role="user",
            summary=prompt if turn == 0 else "and now the docs",
        )
        for step in range(4 + number % 5):
            key = f"msg_{number}_{turn}_{step}"
            thread = "a11ce000aa" if number % 4 == 1 and step > 2 else None
            event("llm_response", 4 + step, role="assistant", usage_key=key, thread_id=thread)
            lanes = {"input_tokens": 900, "output_tokens": 250 + 40 * step, "cache_read_tokens": 14_000 + 900 * step}
            lanes |= {"cache_write_5m_tokens": 1200, "cache_write_1h_tokens": 0}
            price = PRICES[model]
            cost = None if price is None else price * sum(lanes.values())
            costs += [] if cost is None else [cost]
            tokens += sum(lanes.values())
            call = {"usage_key": key, "started_at": at, "thread_id": thread, "cost_usd": cost, "basis": "measured"}
            made["model_calls"].append(same | call | lanes)
            name, target = [("Bash", "pytest -q"), ("Edit", "src/invoice.py"), ("Read", "src/invoice.py")][step % 3]
            status = "error" if (number + step) % 7 == 0 else None if step == 5 else "ok"
            start = event("tool_invocation", 1, role="assistant", tool_name=name, usage_key=key, thread_id=thread)
            end = event("tool_result", 3 + 20 * (step % 3 == 0), role="tool", tool_name=name, thread_id=thread)
            made["tool_calls"].append(
                same
                | {"event_id": f"t{number}-{turn}-{step}", "tool_name": name, "target": target, "status": status}
                | {"started_at": start, "ended_at": end, "duration_ms": 1000.0 * (end - start).total_seconds()}
                | {"thread_id": thread}
            )
    calls = [call for call in made["tool_calls"] if call["session_id"] == session]
    asked = [call for call in made["model_calls"] if call["session_id"] == session]
    made["sessions"].append(
        {"session_id": session, "root_session_id": session, "agent": agent, "project": project, "branch": "main"}
        | {"started_at": begin, "ended_at": at, "duration_s": (at - begin).total_seconds(), "objective": prompt}
        | {"title": None if number % 2 else f"Invoice {number}", "models": [model], "human_turns": turns}
        | {"model_calls": len(asked), "tool_calls": len(calls), "cost_usd": sum(costs) if costs else None}
        | {"tool_errors": sum(call["status"] == "error" for call in calls), "total_tokens": tokens}
        | {"unpriced_calls": len(asked) if not costs else 0, "outcome": "unknown", "events": 3 * len(calls) + turns}
    )
