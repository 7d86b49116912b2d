"""What an edit of tests takes away from them: assertions, whole tests, exactness; and the skips it adds."""

import re
from typing import NamedTuple


class Change(NamedTuple):
    """One way in which an edit makes tests weaker."""

    kind: str  # removed | weakened | skipped | expected | configured | deleted
    says: str
    severity: str


_COMMENT = re.compile(r"^\s*(?:#(?!\[)|//|/\*|\*|--|;;|<!--).*$", re.MULTILINE)
_ASSERTS = re.compile(
    r"^\s*assert\b|\bassert\w*!?\s*\(|\bself\.assert\w+|\bAssert\.\w+|\bexpect\s*\(|\.should\b|\bXCTAssert\w*"
    r"|\b(?:EXPECT|ASSERT|REQUIRE|CHECK)(?:_\w+)?\s*\("
    r"|\bt\.(?:Error|Errorf|Fatal|Fatalf|Fail|FailNow)\s*\(|\brequire\.\w+\(|\bpytest\.raises\b|\bpytest\.warns\b"
    r"|\bverify\s*\(",
    re.MULTILINE,
)
_TESTS = re.compile(
    r"^\s*(?:async\s+)?def\s+test\w*|^\s*(?:it|test|specify|scenario)(?:\.\w+)?\s*\(|^func\s+Test\w+|@Test\b"
    r"|#\[(?:\w+::)?test\]|\[(?:Fact|Theory|Test|TestMethod)\b"
    r"|^\s*(?:TEST|TEST_F|TEST_P|TEST_CASE)\s*\(|^\s*(?:it|specify)\s+['\"]|^\s*public\s+function\s+test\w+"
    r"|^\s*@test\s",
    re.MULTILINE,
)
_SKIPS = re.compile(
    r"pytest\.mark\.(?:skip|skipif|xfail)|pytest\.(?:skip|xfail|importorskip)\(|unittest\.(?:skip\w*"
    r"|expectedFailure)|self\.skipTest\(|raise\s+(?:unittest\.)?SkipTest"
    r"|\b(?:it|test|describe|context|suite)\.(?:skip|todo|only|failing|fixme)\b|^\s*(?:xit|xtest|xdescribe|fit"
    r"|fdescribe|pending)\s*[\(\s'\"]|\bt\.Skip(?:f|Now)?\("
    r"|#\[ignore|@Ignore\b|@Disabled\b|\[Ignore\b|\bSkip\s*=\s*\"|Assert\.(?:Ignore|Inconclusive|Pass)\("
    r"|markTest(?:Skipped|Incomplete)\(|\bskip:\s*true|@tag\s+:skip|__test__\s*=\s*False",
    re.MULTILINE,
)
_STRONG = re.compile(
    r"^\s*assert\b[^\n]*(?<![=!<>])==|assert(?:List|Dict|Set|Tuple|Sequence|MultiLine|Array|Frame"
    r"|Series)?Equals?\w*\s*\(|assert_(?:array_|frame_|series_)?equal\w*\("
    r"|\.to(?:Be|Equal|StrictEqual|MatchObject|Throw|HaveLength|HaveBeenCalledWith)\s*\(|\bassert_eq!|\b(?:EXPECT"
    r"|ASSERT)_(?:EQ|STREQ)\b|Assert\.(?:AreEqual|Equal|AreSame)\b"
    r"|\brequire\.(?:Equal|NoError)\b|\bassert\.(?:Equal|deepEqual|strictEqual|equal)\b"
    r"|\.(?:to\.)?(?:deep\.)?(?:equal|eql)\(|\bassertSame\b|\bpytest\.raises\([\w.]+, ?match",
    re.MULTILINE,
)
_WEAK = re.compile(
    r"^\s*assert\s+(?:True|1)\b|^\s*assert\b[^\n]*(?:is not None|\bin\b|>=|<=|\bisinstance\(|!=|\bor\b|approx\()"
    r"|^\s*assert\s+[\w.()\[\]]+\s*(?:$|,|#)|assert(?:True|IsNotNone|IsInstance|In|Greater\w*|Less\w*"
    r"|AlmostEqual\w*|NotEqual\w*|allclose)\s*\("
    r"|\.to(?:BeTruthy|BeDefined|BeFalsy|BeGreaterThan\w*|BeLessThan\w*|BeCloseTo|Contain\w*|Match|BeInstanceOf"
    r"|HaveBeenCalled)\s*\(|\.not\.to\w+\(|expect\.any\w*|\bassert!\(|\bassert_ne!|\b(?:EXPECT|ASSERT)_(?:TRUE|NE"
    r"|GE|LE|NEAR)\b|Assert\.(?:IsTrue|True|NotNull|IsNotNull)\b"
    r"|\bassert\.(?:NotNil|True|Contains|ok|NotEmpty)\b|\brequire\.(?:NotNil|True|Contains)\b",
    re.MULTILINE,
)
_SWALLOWS = re.compile(r"except\b[^\n]*:\s*\n?\s*(?:pass|return|continue|\.\.\.)\b|catch\s*(?:\([^)]*\))?\s*\{\s*\}")
_LITERAL = re.compile(
    r"\"\"\".*?\"\"\"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`[^`]*`|\b\d[\w.]*\b|\b(?:True|False|None|true"
    r"|false|null|nil|undefined)\b",
    re.DOTALL,
)
_RUNNER_WEAKER = re.compile(
    r"--(?:deselect|ignore(?:-glob)?)[= ]|-k[ =]['\"]?not\b|\bcollect_ignore(?:_glob)?\b"
    r"|pytest_collection_modifyitems|pytest_runtest_makereport|pytest_ignore_collect"
    r"|testPathIgnorePatterns|--passWithNoTests|passWithNoTests|\"test\"\s*:\s*\"(?:exit 0|true|echo\b[^\"]*|:)\""
    r"|\|\|\s*(?:true|exit 0|:)\s*\"|--exit-zero|continue-on-error:\s*true"
    r"|os\._exit\(0\)|sys\.exit\(0\)|-p no:\w+|norecursedirs|skipTests>\s*true|testFailureIgnore>\s*true"
    r"|-DskipTests|ignoreFailures\s*=\s*true|\bxfail_strict\s*=\s*false|--bail=0|allowOnly"
)
_THRESHOLD = re.compile(
    r"(?:cov-fail-under[= ]|fail_under\s*=\s*|(?:branches|functions|lines|statements)[\"']?\s*:\s*)(\d+(?:\.\d+)?)"
)
_TEST_SCRIPT = re.compile(r"\"test(?::\w+)?\"\s*:\s*\"([^\"]*)\"")


def weaker_tests(old: str, new: str) -> list[Change]:
    """Return how an edit of a test file makes its tests weaker; nothing where it makes them stronger."""
    before, after = _COMMENT.sub("", old), _COMMENT.sub("", new)
    found: list[Change] = []
    tests = len(_TESTS.findall(before)) - len(_TESTS.findall(after))
    asserts = len(_ASSERTS.findall(before)) - len(_ASSERTS.findall(after))
    if len(_SKIPS.findall(after)) > len(_SKIPS.findall(before)):
        found.append(Change("skipped", "a skip added", "high"))
    if tests > 0:
        found.append(Change("removed", f"{tests} test{'s' * (tests > 1)} removed", "high"))
    elif asserts > 0:
        found.append(Change("removed", f"{asserts} assertion{'s' * (asserts > 1)} removed", "high"))
    if not found and asserts <= 0 and tests <= 0 and _is_weakened(before, after):
        found.append(Change("weakened", "an assertion weakened", "medium"))
    if not found and _ASSERTS.search(after) and len(_SWALLOWS.findall(after)) > len(_SWALLOWS.findall(before)):
        found.append(Change("weakened", "failures of an assertion swallowed", "high"))
    return found


def _is_weakened(before: str, after: str) -> bool:
    gone = len(_STRONG.findall(before)) - len(_STRONG.findall(after))
    come = len(_WEAK.findall(after)) - len(_WEAK.findall(before))
    return gone > 0 and come > 0


def other_expectation(old: str, new: str) -> bool:
    """Tell whether an edit leaves the assertions as they are but for the values they expect."""
    before, after = _assert_lines(old), _assert_lines(new)
    if not before or len(before) != len(after) or before == after:
        return False
    return [_LITERAL.sub("#", line) for line in before] == [_LITERAL.sub("#", line) for line in after]


def _assert_lines(text: str) -> list[str]:
    return [line.strip() for line in _COMMENT.sub("", text).split("\n") if _ASSERTS.search(line)]


def weaker_runner(old: str | None, new: str) -> list[Change]:
    """Return how an edit of the runner's configuration lets tests be passed over."""
    before = old or ""
    fresh = [found for found in _RUNNER_WEAKER.findall(new) if new.count(found) > before.count(found)]
    if fresh:
        return [Change("configured", f"the test runner's configuration changed ({fresh[0].strip()[:40]})", "high")]
    if old is None:
        return []
    lower = [
        (a, b) for a, b in zip(_THRESHOLD.findall(old), _THRESHOLD.findall(new), strict=False) if float(b) < float(a)
    ]
    if lower:
        return [Change("configured", f"a coverage threshold lowered from {lower[0][0]} to {lower[0][1]}", "medium")]
    scripts = (_TEST_SCRIPT.findall(old), _TEST_SCRIPT.findall(new))
    if len(scripts[0]) == len(scripts[1]) > 0 and scripts[0] != scripts[1]:
        return [Change("configured", "the test script changed", "medium")]
    return []
