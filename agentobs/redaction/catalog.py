"""The rules that agentobs brings, in the order in which they name a secret."""

from agentobs.redaction.assignments import ASSIGNMENTS, PRIVATE_KEYS
from agentobs.redaction.providers import PROVIDERS
from agentobs.redaction.rules import Rule, rules_version

RULES: tuple[Rule, ...] = (*PRIVATE_KEYS, *PROVIDERS, *ASSIGNMENTS)
RULES_VERSION = rules_version(RULES)
