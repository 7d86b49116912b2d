"""What a shell line runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentobs.analysis.detectors._commands import commands


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("cd a && make; ls | wc -l", ["cd", "make", "ls", "wc"]),
        ("FOO=1 sudo -u ada timeout -k 5 60 /usr/bin/python3 x.py", ["python3"]),
        ("echo 'rm -rf /' \"git push\"", ["echo"]),
        ("bash -lc 'cd x && rm y'", ["bash", "cd", "rm"]),
        ("x=$(git status)", ["git"]),
        ('echo "$(date)"', ["date", "echo"]),
        ("cat > a.sh <<'EOF'\nrm -rf /\nEOF\nls", ["cat", "ls"]),
        ("bash <<EOF\nrm y\nEOF", ["bash", "rm"]),
        ("if true; then rm y; fi", ["true", "rm", "fi"]),
        ("find . -exec rm {} \\;", ["find", "rm"]),
        ("ls | xargs -n 1 rm -f", ["ls", "rm"]),
        ("docker exec -it web sh -c 'rm y'", ["docker", "rm"]),
        ("ssh host rm y", ["ssh", "rm"]),
        ("# rm y", []),
        ("", []),
    ],
)
def test_the_programs_of_a_line(line, names):
    assert [simple.name for simple in commands(line)] == names


def test_a_command_knows_what_it_writes_and_what_feeds_it():
    first, second = commands("curl -s x | tee a.txt > /dev/sda 2>&1")
    assert (first.piped, second.piped) == (None, "curl")
    assert second.writes == ("/dev/sda",)


@given(st.text(alphabet="ab '\"\\$();|&<>\nEOF`#-/", max_size=60))
def test_any_line_can_be_read(line):
    assert all(simple.name for simple in commands(line))
