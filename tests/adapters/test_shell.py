"""What a shell command does, by a table."""

import pytest

from agentobs.adapters._shell import classify
from agentobs.adapters._shell_words import simple_commands

HEREDOC_COMMIT = """git add -A && git commit -m "$(cat <<'EOF'
fix: run "cargo test" before make

don't `git reset --hard`
EOF
)\""""
HEREDOC_FILE = "cat > notes.md <<EOF\npytest -q\nmake all\nEOF"
HEREDOC_THEN_TEST = "cat > x.py <<'EOF'\nprint('git commit')\nEOF\npython -m pytest x.py"
LOOP = "for f in tests/*.py; do pytest $f; done"

TESTS = [
    "pytest",
    "pytest -q tests/test_a.py::test_b",
    "cd x && pytest -q",
    "CI=1 FOO='a b' pytest",
    "python -m pytest -x",
    "python3.11 -m unittest discover",
    ".venv/bin/python -m pytest -q 2>&1 | tail -5",
    ".venv/bin/pytest tests > out.txt",
    "uv run pytest",
    "uv run --extra dev python -m pytest",
    "poetry run pytest -k name",
    "coverage run -m pytest",
    "timeout 60 pytest -q",
    "sudo -E env A=1 pytest",
    "tox -e py311",
    "nox -s tests",
    "python manage.py test app",
    "python tests/run_tests.py",
    "npm test",
    "npm t",
    "npm run test:unit -- --watch=false",
    "npm --prefix web run test",
    "yarn test",
    "yarn run test --coverage",
    "pnpm --filter @a/b test",
    "pnpm -r test",
    "bun test",
    "bun run test:e2e",
    "npx jest src/a.test.ts",
    "npx vitest run",
    "npx playwright test",
    "jest --ci",
    "cargo test --all",
    "cargo +nightly nextest run",
    "RUST_BACKTRACE=1 cargo test -- --nocapture",
    "go test ./...",
    "make test",
    "make -C sub check",
    "./gradlew test",
    "gradle :app:testDebugUnitTest",
    "mvn -q test",
    "mvn clean verify",
    "dotnet test",
    "bundle exec rspec spec/a_spec.rb",
    "rspec",
    "vendor/bin/phpunit --filter A",
    "php artisan test",
    "mix test",
    "swift test",
    "node --test",
    "./run_tests.sh",
    "bash scripts/test.sh",
    "bash -lc 'cd x && pytest -q'",
    "docker compose exec web pytest",
    "docker exec -it app npm test",
    "npm run build && npm test",
    "git stash && npm test; git stash pop",
    "if pytest; then echo ok; fi",
    "(cd sub; go test ./pkg)",
    "RESULT=$(pytest -q)",
    "pytest | grep FAILED",
    "# run the tests\npytest",
    LOOP,
    HEREDOC_THEN_TEST,
]
BUILDS = [
    "make",
    "make -j4 all",
    "cargo build --release",
    "cargo check",
    "npm run build",
    "yarn build",
    "pnpm run build:prod",
    "bun run build",
    "npx tsc --noEmit",
    "tsc -p .",
    "go build ./...",
    "docker build -t x .",
    "docker compose build",
    "mvn package -DskipTests",
    "./gradlew assembleDebug",
    "npx webpack --mode production",
    "vite build",
    "npx next build",
    "cmake --build build",
    "dotnet build",
    "python -m build",
    "gcc -o a a.c",
    "./build.sh",
    "turbo run build",
]
COMMITS = [
    "git commit -m 'fix tests: cargo test'",
    'git commit -m "pytest; make"',
    "git -C repo commit --amend --no-edit",
    "git add . && git commit -m x && git push",
    "npm test && git commit -am x",
    HEREDOC_COMMIT,
]
ROLLBACKS = [
    "git checkout -- a.py",
    "git checkout HEAD -- a.py",
    "git checkout .",
    "git restore a.py",
    "git reset --hard",
    "git reset HEAD~1",
    "git revert abc123",
    "git stash",
    "git stash push -m wip",
    "git clean -fd",
    "git merge --abort",
]
SEARCHES = [
    "grep -rn TODO src",
    "rg 'pytest' -g '*.py'",
    "find . -name '*.ts'",
    "cd src && grep -n foo a.py | head -5",
    "cat a.txt | grep b",
    "ag foo",
    "git grep -n foo",
    "find . -name '*.py' | xargs grep -l foo",
    "grep 'a|b && pytest' x",
]
PLAIN = [
    "ls -la",
    "",
    "echo 'pytest'",
    'echo "npm test; git commit"',
    "pip install pytest",
    "which pytest",
    "cat pytest.ini",
    "ls tests",
    "mkdir -p tests/unit",
    "pytest --version",
    "cargo --help",
    "make clean",
    "make lint",
    "npm install",
    "npm ci",
    "npm run dev | grep ready",
    "npm run lint",
    "git status",
    "git checkout main",
    "git checkout -b feature/test",
    "git stash pop",
    "git stash list",
    "git restore --staged a.py",
    "git reset a.py",
    "git log --grep=test",
    "git push",
    "git commit --dry-run",
    "find . -name '*.pyc' -delete",
    "rm -rf build",
    "docker ps",
    "docker compose up -d",
    "sed -i 's/make/test/' a",
    "python -c 'import pytest'",
    "node build-info.js --x=test",
    "echo done # pytest",
    "test -f a && echo yes",
    HEREDOC_FILE,
    "bash -c",
    "'unclosed pytest",
]


@pytest.mark.parametrize("command", TESTS)
def test_running_tests_is_a_test_run(command):
    assert classify(command) == "test_run"


@pytest.mark.parametrize("command", BUILDS)
def test_building_is_a_build_trigger(command):
    assert classify(command) == "build_trigger"


@pytest.mark.parametrize("command", COMMITS)
def test_committing_is_a_commit_whatever_else_the_line_does(command):
    assert classify(command) == "commit_created"


@pytest.mark.parametrize("command", ROLLBACKS)
def test_undoing_is_a_rollback(command):
    assert classify(command) == "rollback_performed"


@pytest.mark.parametrize("command", SEARCHES)
def test_looking_for_something_is_a_search(command):
    assert classify(command) == "search_performed"


@pytest.mark.parametrize("command", PLAIN)
def test_anything_else_is_a_command(command):
    assert classify(command) == "command_execute"


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("a b c", [["a", "b", "c"]]),
        ('a \'b c\' "d \\" e" f\\ g', [["a", "b c", 'd " e', "f g"]]),
        ("a && b || c; d | e &", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("a > out 2>&1 < in b", [["a", "b"]]),
        ("a 2 >x", [["a", "2"]]),
        ("x=$(a b) c", [["x=$"], ["a", "b"], ["c"]]),
        ("a \\\n b", [["a", "b"]]),
        ("a#b # c", [["a#b"]]),
        ("cat <<-'E' | b\n;;\n\tE\nc", [["cat"], ["b"], ["c"]]),
        ("cat <<< 'a;b'", [["cat"]]),
    ],
)
def test_a_line_is_split_like_a_shell_does_it(line, commands):
    assert simple_commands(line) == commands


def test_a_huge_command_is_read_no_further_than_its_head():
    assert classify("pytest " + "x" * 1_000_000) == "test_run"
    assert classify("echo " + "x" * 1_000_000 + "; pytest") == "command_execute"
