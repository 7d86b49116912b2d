"""Secrets leave the bytes here, before anything parses or stores them; a short mark with a keyed hash stays behind."""

from agentobs.redaction.catalog import RULES, RULES_VERSION
from agentobs.redaction.custom import load_rules
from agentobs.redaction.keys import load_key
from agentobs.redaction.redactor import Redacted, Redactor
from agentobs.redaction.rules import Anchor, Rule, rules_version

__all__ = [
    "RULES",
    "RULES_VERSION",
    "Anchor",
    "Redacted",
    "Redactor",
    "Rule",
    "load_key",
    "load_rules",
    "rules_version",
]
