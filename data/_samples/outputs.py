"""What test runners and compilers print."""

from __future__ import annotations

SUITES = ("cart", "export", "forms", "jobs", "orders", "payment", "search", "web")
BORROWED = """error[E0499]: cannot borrow `*world` as mutable more than once at a time
  --> src/physics.rs:13:22
   |
12 |     let positions = world.column::<Position>();
   |                     ----- first mutable borrow occurs here
13 |     let velocities = world.column::<Velocity>();
   |                      ^^^^^ second mutable borrow occurs here
error: could not compile `engine` (lib) due to 1 previous error"""
CRATES = ("bitflags", "bytemuck", "cfg-if", "glam", "hashbrown", "indexmap", "libc", "log", "memchr", "naga", "wgpu")
COMPILED = "".join(f"   Compiling {crate} v{at}.{at * 7 % 10}.2\n" for at, crate in enumerate(CRATES))
BUILT = f"{COMPILED}   Compiling engine v0.3.1 (/home/ada/engine)\n    Finished target(s) in 6.20s"
PYTEST_HEAD = """============================= test session starts ==============================
platform linux -- Python 3.11.9, pytest-8.3.4, pluggy-1.5.0
rootdir: /home/ada/shop
configfile: pyproject.toml
plugins: cov-6.0.0, xdist-3.6.1
"""
LOG = """------------------------------ Captured log call -------------------------------
INFO     shop.db:db.py:22 connected to postgresql:///shop_test
INFO     shop.db:db.py:41 begin
WARNING  shop.web:web.py:18 no session cookie, a new cart is made
INFO     shop.db:db.py:47 rollback
"""


def pytest(passed: int, *failures: str, seconds: float = 0.84) -> str:
    """What pytest -q prints; a failure is `test|error`."""
    dots = "." * passed + "F" * len(failures)
    if not failures:
        return f"{dots} [100%]\n{passed} passed in {seconds:.2f}s"
    shown = [failure.split("|") for failure in failures]
    blocks = "\n".join(
        f"____ {name.split('::')[-1]} ____\n\n    def {name.split('::')[-1]}():\n>       assert\nE       {error}\n\n"
        f"{name.split('::')[0]}:41: {error.split(':')[0]}\n{LOG}"
        for name, error in shown
    )
    short = "\n".join(f"FAILED {name} - {error}" for name, error in shown)
    summary = f"{len(failures)} failed, {passed} passed in {seconds:.2f}s"
    return f"{dots} [100%]\n=== FAILURES ===\n{blocks}\n=== short test summary info ===\n{short}\n{summary}"


def full_run(passed: int, *, seconds: float) -> str:
    """What pytest -v prints for the whole suite."""
    names = [f"tests/test_{SUITES[at * len(SUITES) // passed]}.py::test_case_{at + 1}" for at in range(passed)]
    lines = "\n".join(f"{name} PASSED [{100 * at // passed:3d}%]" for at, name in enumerate(names, 1))
    return f"{PYTEST_HEAD}collected {passed} items\n\n{lines}\n\n{passed} passed in {seconds:.2f}s"


def cargo_test(passed: int, *failures: str) -> str:
    """What cargo test prints."""
    ran = "".join(f"test tests::case_{number} ... ok\n" for number in range(1, passed + 1))
    ran += "".join(f"test {name} ... FAILED\n" for name in failures)
    word = "FAILED" if failures else "ok"
    shown = "".join(f"---- {name} stdout ----\nthread '{name}' panicked\n" for name in failures)
    counts = f"{passed} passed; {len(failures)} failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.11s"
    return f"running {passed + len(failures)} tests\n{ran}\n{shown}test result: {word}. {counts}"
