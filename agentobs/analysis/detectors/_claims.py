"""What an agent's message claims: that checks passed, that it works, that it is done; English only."""

import re
from typing import NamedTuple

CHECKED, WORKS, DONE = "checked", "works", "done"


class Claim(NamedTuple):
    """One kind of claim and the words that make it."""

    kind: str
    words: str  # a regular expression, upper and lower case alike


_THINGS = (
    r"(?:tests?|specs?|checks?|suites?|assertions?|unit tests|test cases|builds?|compilation|lint(?:er|ing)?"
    r"|type ?checks?|everything)"
)
CLAIMS = (
    Claim(CHECKED, rf"\ball (?:\S+ ){{0,4}}?{_THINGS} (?:\S+ )?(?:are |is |have |has )?(?:\S+ )?(?:pass(?:es|ed"
                   rf"|ing)?|green|succeed(?:s|ed)?)\b"),
    Claim(CHECKED, rf"\b{_THINGS} (?:\(\S+\) )?(?:all |now |both |still |also )*(?:are |is |have |has )?(?:all "
                   rf"|now )*(?:pass(?:es|ed|ing)?|green|succeed(?:s|ed)?|run(?:s)? clean(?:ly)?)\b"),
    Claim(CHECKED, r"\b\d+(?:/\d+)? (?:tests? |specs? )?pass(?:ed|ing)\b"),
    Claim(CHECKED, r"\b(?:build|compil\w+|typecheck) (?:is |was |now )*(?:succe\w+|clean|green|passes"
                   r"|without errors)\b"),
    Claim(CHECKED, r"\b(?:compiles|builds|runs|executes|executed|ran) (?:\w+ )?(?:cleanly|successfully"
                   r"|without (?:any )?(?:errors?|issues?))\b"),
    Claim(CHECKED, r"\b(?:I(?:'ve| have)? (?:\w+ )?(?:verified|confirmed|tested|validated)|(?:is|was|been"
                   r"|and) (?:verified|tested|validated))\b"),
    Claim(WORKS, r"\b(?:works?|working|functions?|behaves?) (?:now|correctly|properly|perfectly|again|fine"
                 r"|as (?:expected|intended|desired))\b"),
    Claim(WORKS, r"\b(?:everything|it|all|this|that|code|app|feature|fix|command|page) (?:all |now |is "
                 r"|is now )*work(?:s|ing)\b"),
    Claim(WORKS, r"\bnow (?:works?|working|functions?|behaves?)\b"),
    Claim(WORKS, r"\b(?:is|are|was|were|been|now|have|has|I(?:'ve)?) (?:now |also |successfully |fully "
                 r"|correctly |completely |all )*(?:fixed|resolved|solved|repaired)\b"),
    Claim(WORKS, r"\b(?:fixes|resolves|solves) (?:the|this|that|your|both|all)\b"),
    Claim(DONE, r"(?:\A|[.!\n*] ?|✅ ?)(?:all )?(?:done|fixed|finished|complete(?:d)?|success)\b ?(?:[.!:,✅—–-]"
                r"|\Z|\n)"),
    Claim(DONE, r"\b(?:task|work|fix|change|implementation|migration|refactoring) (?:is )?"
                r"(?:complete|completed|done|finished)\b"),
    Claim(DONE, r"\A(?:I(?:'ve| have)? )?(?:now |also |just )?(?:fixed|resolved|implemented|completed|finished) \S"),
    Claim(DONE, r"\b(?:is|are|was|were|been|have|has|I(?:'ve)?|now) (?:now |also |all |fully "
                r"|successfully )*(?:done|complete|completed|finished|in place|ready to (?:use|go|ship|merge))\b"),
    Claim(DONE, r"\bsuccessfully (?:\w+ )?(?:implemented|completed|finished|built|refactored|migrated|addressed"
                r"|converted|deployed)\b"),
    Claim(DONE, r"\b(?:implemented|completed|finished|built|refactored|migrated|converted|deployed) successfully\b"),
    Claim(DONE, r"\b(?:I(?:'ve| have)|has been|have been) (?:now |also |just |fully )*(?:implemented|completed"
                r"|finished)\b"),
)  # fmt: skip

HEDGES = (
    r"\b(?:not|never|neither|nor|cannot|without (?:running|testing|verif)|hardly|barely)\b",
    r"n't\b|n’t\b",
    r"\b(?:should|would|could|might|may|must|ought|probably|likely|hopefully|presumably|perhaps|expect(?:ed)? to)\b",
    (
        r"\b(?:will|going to|I'll|I’ll|let me|let's|let’s|let us|about to|want(?:s)? to|need(?:s)? to|try(?:ing)? to"
        r"|plan to|next)\b"
    ),
    r"\b(?:if|once|when|until|unless|before|whether|assuming|provided|as soon as|so that|in order to)\b",
    (
        r"\b(?:to (?:make sure|ensure|verify|confirm|check|see|test|validate)|make sure|ensure[sd]?|verifying that"
        r"|checking that)\b"
    ),
    r"\b(?:except|but (?:\S+ ){0,6}(?:fail|error)|only|some of|most of|part(?:ly|ially)|almost|nearly|half)\b",
    r"\?\s*\Z",
)
FAILURES = (
    (
        r"\b(?:still|now|currently|also|which|that|tests?|builds?|checks?|errors?) (?:are |is |do |does "
        r"|keeps? )?(?:\w+ )?fail(?:s|ing|ed|ures?)?\b"
    ),
    r"\b[1-9]\d* (?:\w+ ){0,3}(?:failed|failures?|errors?)\b|\bexisting (?:\w+ )?(?:failures?|errors?)\b",
    r"\b(?:remaining|outstanding|unresolved|pre-?existing) (?:\w+ )?(?:issues?|failures?|errors?|problems?|tests?)\b",
    (
        r"\b(?:unable to|failed to)\b|\bnot all\b|\b(?:next steps? (?:would|will|could) be (?!to submit)"
        r"|beyond the scope|(?:still|remains) to be)\b"
    ),
)
UNCHECKED = (
    (
        r"\b(?:could|can|ca|did|was|were|have|has|do|does|am|is)(?:n't|n’t| not|not) (?:\w+ ){0,4}(?:run|ran|test"
        r"|tested|verify|verified|verif\w+"
        r"|able|execute\w*|build|built|confirm\w*|work|working|fixed|resolved|complete\w*|check\w*|validat\w*|pass\w*)\b"
    ),
    (
        r"\b(?:not (?:yet )?(?:been )?(?:verified|tested|run|able|executed|validated)|untested|unverified"
        r"|without (?:running|testing|verif))"
    ),
    r"\b(?:please|you (?:can|should|may|need to)) (?:\w+ )?(?:run|test|verify|check)\b",
    (
        r"\bno tests? (?:was|were|is|are|exist)\b|\b(?:sandbox|network|environment) (?:\w+ )?(?:den|block|restrict"
        r"|prevent)"
    ),
)

_CLAIMS = tuple((claim.kind, re.compile(claim.words, re.IGNORECASE)) for claim in CLAIMS)
_HEDGE = re.compile("|".join(HEDGES), re.IGNORECASE)
_MENDED = re.compile(
    r"\b(?:fix(?:ed|es)|resolve[ds]|corrected|addressed|no longer|now pass\w*|caus\w+)\b", re.IGNORECASE
)
_FAILURE = re.compile("|".join(FAILURES), re.IGNORECASE)
_UNCHECKED = re.compile("|".join(UNCHECKED), re.IGNORECASE)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|^>.*$|\"[^\"\n]{1,200}\"", re.DOTALL | re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?;:])\s+|\n+|(?:, | )but (?=\S)|, (?:and|so) (?=(?:let|I'll|we'll|now we)\b)")


def claims_in(text: str) -> set[str]:
    """Return what kinds of success a message claims; a sentence with a negation, a condition or a plan claims none."""
    found: set[str] = set()
    for sentence in _SENTENCE.split(_CODE.sub(" CODE ", text)):
        for kind, words in _CLAIMS:
            if kind not in found and words.search(sentence) and not _HEDGE.search(sentence):
                found.add(kind)
    return found


def admits_failure(text: str) -> bool:
    """Tell whether a message says that something fails or is left to do."""
    sentences = _SENTENCE.split(_CODE.sub(" CODE ", text))
    return any(_FAILURE.search(sentence) and not _MENDED.search(sentence) for sentence in sentences)


def admits_unchecked(text: str) -> bool:
    """Tell whether a message says that its work was not checked, or asks the reader to do it."""
    return _UNCHECKED.search(_CODE.sub(" CODE ", text)) is not None
