"""The sessions of /home/ada/engine, a game engine in Rust."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from _samples.engine_sources import ENGINE
from _samples.log import Clock, Story
from _samples.outputs import BORROWED, BUILT, cargo_test
from _samples.session import Session
from _samples.shop import HAIKU, OPUS, SONNET

UNPRICED = "acme-coder-1"  # a model that no price table knows


def begin(story: Story, at: str, version: str, model: str, **more: Any) -> Session:
    """A new session of the engine."""
    clock = Clock(datetime.fromisoformat(at).replace(tzinfo=UTC))
    return Session(story, "/home/ada/engine", clock, version, model, sources=dict(ENGINE), **more)


def borrow_checker(story: Story) -> None:
    """A build fails, is repaired, tested and committed; then the whole history is forked and continued."""
    s = begin(story, "2026-03-13T09:20:15.080", "2.1.49", OPUS, slug="sturdy-linking-mole", cache_minutes=60)
    s.prompt("physics::step doesn't compile, please fix it without unsafe")
    s.bash("cargo build", stderr=BORROWED, exit_code=101, seconds=5.4, description="Build")
    with s.parallel():
        s.read("src/physics.rs")
        s.read("src/world.rs")
    s.think(
        "Two columns mutably at once. Options: take one column out of the map, RefCell a column, or copy velocities."
    )
    s.say("Two mutable borrows of the world. Velocities are only read and `Copy`, so a snapshot of them is enough.")
    s.edit(
        "src/physics.rs",
        "    let positions = world.column::<Position>();\n    let velocities = world.column::<Velocity>();\n",
        "    let velocities = world.column::<Velocity>().clone();\n    let positions = world.column::<Position>();\n",
    )
    s.bash("cargo build", stderr=BUILT, seconds=7.7, description="Build")
    s.bash("cargo test", cargo_test(11, "physics::rests_without_velocity"), exit_code=101, seconds=9.1)
    s.grep("rests_without_velocity|zip", "src/")
    s.say("`zip` stops at the shorter column: an entity without velocity must still be visited.")
    s.edit("src/physics.rs", ".zip(velocities.iter())", ".zip(velocities.iter().chain(std::iter::repeat(&None)))")
    s.bash("cargo test", cargo_test(12), seconds=8.4, description="Run the tests")
    s.say("It compiles and 12 tests pass. The clone costs one copy a frame.")
    s.done()
    count = len(s.records)
    s.prompt("fine for now, commit", after=130)
    s.diff(ENGINE)
    said = "Step physics with a snapshot of velocities"
    s.bash(
        f'git commit -am "{said}"',
        f"[main {story.short_id()}] {said}\n 1 file changed, 2 insertions(+), 2 deletions(-)",
    )
    s.say("Committed.")
    s.done()
    _fork_without_clone(s, count)


def _fork_without_clone(first: Session, count: int) -> None:
    s = first.resumed(count, datetime(2026, 3, 16, 14, 30, 3, tzinfo=UTC), rewrite=True)
    s.prompt("what would it look like without the clone?")
    s.think("Take the velocity column out of the map for the time of the step, then put it back.")
    s.say("The column can be taken out for the step and put back afterwards.")
    s.edit(
        "src/physics.rs",
        "    let velocities = world.column::<Velocity>().clone();\n",
        "    let velocities = std::mem::take(world.column::<Velocity>());\n",
    )
    s.bash("cargo test physics", cargo_test(4, "physics::velocity_survives_a_step"), exit_code=101, seconds=6.8)
    anchor = "            position.1 += velocity.1 * dt;\n        }\n    }\n"
    s.edit("src/physics.rs", anchor, anchor + "    *world.column::<Velocity>() = velocities;\n")
    s.bash("cargo test physics", cargo_test(5), seconds=6.5, description="Run the physics tests")
    s.diff(ENGINE)
    s.say("Without the clone: take, step, put back. 5 physics tests pass; I left it uncommitted.")
    s.done()
    s.bare("custom-title", customTitle="physics without clone", sessionId=s.session_id)


def long_context(story: Story) -> None:
    """A call with more than 200,000 prompt tokens, then a compaction."""
    s = begin(story, "2026-03-16T10:00:27.330", "2.1.49", SONNET, slug="patient-measuring-ibex", branch="broadphase")
    s.prompt("frame times jump with 2000 bodies. find the cause; see target/profile.txt and target/traces/")
    s.bash("head -n 4 target/profile.txt", "61.2% physics::pairs\n 9.8% render::batches\n 4.1% alloc", seconds=0.2)
    s.read("src/physics.rs")
    s.say("`pairs` compares every body with every other. I'll read the traces before deciding on a grid.")
    for number, size in enumerate((47_200, 50_700, 52_300), 1):
        s.bash(
            f"cat target/traces/frame_{number}.json",
            f'{{"frame": {number}, "bodies": 2000, "spans": [...]}}',
            seconds=0.3,
        )
        s.weigh(size)
    s.think("All three traces agree: time is quadratic in the bodies. A uniform grid with cells of the largest radius.")
    s.say("All three frames show it: 1,999,000 comparisons a frame. A uniform grid reduces them to neighbours.")
    s.weigh(24_800)
    s.edit(
        "src/physics.rs",
        "pub fn pairs(bodies: &[(usize, Position, f32)]) -> Vec<(usize, usize)> {\n    let mut found = Vec::new();\n",
        "pub fn pairs(bodies: &[(usize, Position, f32)]) -> Vec<(usize, usize)> {\n    let mut found = Vec::new();\n"
        "    let grid = Grid::of(bodies);\n",
    )
    s.compact(
        "This session continues an earlier conversation.\n\nGoal: frame times with 2000 bodies. Cause: pairs() is "
        "quadratic (61 % of the frame). Decision: uniform grid, cell = largest radius. Grid::of is still to write."
    )
    s.write(
        "src/grid.rs",
        "//! A uniform grid over bodies.\n\nuse std::collections::HashMap;\n\nuse crate::physics::Position;\n\n"
        "#[derive(Default)]\npub struct Grid {\n    pub cells: HashMap<(i32, i32), Vec<usize>>,\n}\n\n"
        "impl Grid {\n    pub fn of(bodies: &[(usize, Position, f32)]) -> Self {\n"
        "        let size = bodies.iter().map(|body| body.2).fold(1.0, f32::max) * 2.0;\n"
        "        let mut grid = Self::default();\n        for (at, body) in bodies.iter().enumerate() {\n"
        "            let cell = ((body.1 .0 / size) as i32, (body.1 .1 / size) as i32);\n"
        "            grid.cells.entry(cell).or_default().push(at);\n        }\n        grid\n    }\n}\n",
    )
    lines = (
        "   Compiling engine v0.3.1 (/home/ada/engine)",
        "   Building 112/190",
        "   Building 171/190",
    )
    s.bash("cargo build --release", stderr=BUILT, seconds=41, description="Build", progress=lines)
    s.bash("cargo test", cargo_test(13), seconds=9.9, description="Run the tests")
    s.diff(ENGINE)
    s.say("The grid is in; 13 tests pass. Please run the benchmark on your machine, mine has no window.")
    s.done()
    s.prompt("/compact keep the grid decisions", after=240)
    s.compact(
        "Goal reached: uniform grid in src/grid.rs replaces the quadratic search. 13 tests pass.", trigger="manual"
    )


def unpriced_model(story: Story) -> None:
    """A model that no price table knows, and a record of a type that nobody knows."""
    s = begin(story, "2026-03-17T09:00:44.710", "2.1.49", UNPRICED, slug="curious-trying-finch")
    s.bare("telemetry-pulse", pulse=1, sessionId=s.session_id, timestamp=s.clock.stamp())
    s.prompt("explain how sprite batches are built")
    s.read("src/render/sprite.rs")
    s.say("Sprites are sorted by (layer, texture); neighbours with one texture become one draw call.")
    s.done()
    s.prompt("is the sort stable? does it matter?", after=62)
    s.say("`sort_by_key` is stable: sprites of one layer and texture keep their order, which is the z order.")
    s.done()


def agents_at_work(story: Story) -> None:
    """A newer Claude Code: the Agent tool, attachments, a changed model, titles."""
    s = begin(
        story, "2026-03-17T13:15:33.200", "2.1.81", OPUS, slug="merry-mapping-vole", branch="docs", cache_minutes=60
    )
    s.bare("permission-mode", permissionMode="acceptEdits", sessionId=s.session_id)
    s.attachment("deferred_tools_delta", addedNames=["WebFetch"], addedLines=["WebFetch"], removedNames=[])
    s.attachment("skill_listing", content="- release: how to release the engine", isInitial=True, skillCount=1)
    s.prompt("write docs/architecture.md: one paragraph per module, checked against the code")
    ask = "Read src/world.rs and src/physics.rs. Describe each in one paragraph, with its invariants."
    with s.subagent("Describe world and physics", ask, HAIKU, tool="Agent", kind="general-purpose") as agent:
        with agent.parallel():
            agent.read("src/world.rs")
            agent.read("src/physics.rs")
        agent.say(
            "world: generational indices, a column per component type. physics: step and pairs, columns are zipped."
        )
        agent.done()
    ask = "Read src/render/sprite.rs. Describe it in one paragraph, with its invariants."
    with s.subagent("Describe rendering", ask, HAIKU, tool="Agent", kind="general-purpose") as agent:
        agent.read("src/render/sprite.rs")
        agent.say("render: sprites are sorted by layer and texture, so that each texture of a layer is one draw call.")
        agent.done()
    s.write(
        "docs/architecture.md",
        "# Architecture\n\n**world** keeps entities as generational indices and a column per component.\n\n"
        "**physics** zips the columns of positions and velocities.\n\n**render** batches sprites.\n",
    )
    s.attachment("edited_text_file", filename=s.full("README.md"), snippet="6→See docs/architecture.md")
    s.attachment("task_reminder", content=[], itemCount=0)
    s.say("The document is written, a paragraph a module.")
    s.done(hook="cargo fmt --check")
    s.slash("model", "sonnet", "Set model to sonnet (claude-sonnet-4-5-20250929)", after=51)
    s.model = SONNET
    s.prompt("link it from the README and commit", after=12)
    s.edit("README.md", "    cargo run --example pong\n", "    cargo run --example pong\n\nSee docs/architecture.md\n")
    s.diff(ENGINE)
    said = "Describe the architecture"
    s.bash(
        f'git add -A && git commit -m "{said}"', f"[docs {story.short_id()}] {said}\n 2 files changed, 9 insertions(+)"
    )
    s.say("Linked and committed.")
    s.done(hook="cargo fmt --check")
    s.bare("ai-title", aiTitle="Architecture document", sessionId=s.session_id)
    s.bare("last-prompt", lastPrompt="link it from the README and commit", sessionId=s.session_id)


def water_shader(story: Story) -> None:
    """An experiment that is interrupted and rolled back."""
    s = begin(story, "2026-03-18T10:30:08.940", "2.1.81", SONNET, slug="rippling-gliding-newt", branch="water")
    s.prompt("the water looks flat, add a second wave and foam at the shore")
    s.read("shaders/water.wgsl")
    s.edit(
        "shaders/water.wgsl",
        "    let wave = sin(uv.x * 40.0 + time) * 0.02;\n",
        "    let wave = sin(uv.x * 40.0 + time) * 0.02 + sin(uv.y * 17.0 - time) * 0.03;\n",
    )
    bad = "error: unknown identifier 'shore'\n  --> shaders/water.wgsl:6:24"
    foam = "    return vec4<f32>(0.1, 0.3 + wave, 0.6, 1.0);"
    s.edit("shaders/water.wgsl", foam, "    let foam = step(0.98, shore);\n" + foam)
    s.bash("cargo run --example water -- --check", stderr=bad, exit_code=1, seconds=4.2, description="Check the shader")
    s.deny("WebFetch", {"url": "https://www.w3.org/TR/WGSL/", "prompt": "How is a texture sampled?"})
    s.interrupt(after=0.2, for_tool_use=True)
    s.prompt("no web please. there is no shore distance yet, forget the foam", after=27)
    s.bash("git checkout -- shaders/water.wgsl", stderr="Updated 1 path from the index", description="Undo both edits")
    s.sources["shaders/water.wgsl"] = ENGINE["shaders/water.wgsl"]
    s.edit("shaders/water.wgsl", "* 40.0 + time) * 0.02;", "* 40.0 + time) * 0.02 + sin(uv.y * 17.0 - time) * 0.03;")
    s.bash("cargo run --example water -- --check", stderr="shader ok", seconds=4.0, description="Check the shader")
    s.say("The second wave is in, the foam is out.")
    s.done()
    s.prompt("now try three", after=95)
    s.think("A third wave with another direction would break the visible repetition.")
    s.say("A third wave at an angle should do. Let me look at it first.")
    s.start("Bash", {"command": "cargo run --example water", "description": "Show the water"})
    s.interrupt(after=16, for_tool_use=True)
    s.bare("custom-title", customTitle="water waves", sessionId=s.session_id)


STORIES = (borrow_checker, long_context, unpriced_model, agents_at_work, water_shader)
