"""Which files hold tests, and which configure what runs them."""

import re
from functools import lru_cache

_FOLDER = re.compile(
    r"(?:^|/)(?:tests?|__tests__|specs?|e2e|cypress|testing|testsuite|unittests?|integration[_-]tests?)/", re.IGNORECASE
)
_NAME = re.compile(
    r"(?:^|/)(?:test_[^/]*\.\w+|tests?\.\w+|[^/]*_tests?\.\w+|[^/]*[.-](?:test|spec|cy|e2e)\.[cm]?[jt]sx?"
    r"|[^/]*_spec\.\w+"
    r"|[^/]*(?:Tests?|TestCase|Spec|IT)\.(?:java|kt|kts|cs|swift|php|scala|groovy|m|mm|fs|vb)|[^/]*\.bats"
    r"|conftest\.py|test-[^/]*\.R)\Z"
)
_RUNNER = re.compile(
    r"(?:^|/)(?:pytest\.ini|\.?pytest\.toml|tox\.ini|noxfile\.py|conftest\.py|setup\.cfg|pyproject\.toml"
    r"|package\.json"
    r"|(?:jest|vitest|vite|karma|playwright|cypress|ava|mocha)\.(?:config|conf|setup)[^/]*|\.mocharc[^/]*"
    r"|phpunit\.xml(?:\.dist)?"
    r"|\.rspec|Cargo\.toml|build\.gradle(?:\.kts)?|pom\.xml|\.coveragerc|codecov\.ya?ml)\Z"
)
_DATA = re.compile(r"\.(?:json|ya?ml|txt|csv|html?|xml|png|snap|md|lock|sql)\Z")


@lru_cache(maxsize=65_536)
def is_test_file(path: str) -> bool:
    """Tell whether a path is a file of tests, by its folder or its name."""
    plain = path.replace("\\", "/")
    return (_NAME.search(plain) or _FOLDER.search(plain)) is not None and not _DATA.search(plain)


@lru_cache(maxsize=65_536)
def is_runner_configuration(path: str) -> bool:
    """Tell whether a path configures what runs the tests."""
    return _RUNNER.search(path.replace("\\", "/")) is not None
