"""Secrets leave the bytes here, before anything parses or stores them; a short mark with a keyed hash stays behind."""

from agentobs.redaction.keys import load_key
from agentobs.redaction.redactor import Redacted, Redactor
from agentobs.redaction.rules import RULES, RULES_VERSION, Anchor, Rule

__all__ = ["RULES", "RULES_VERSION", "Anchor", "Redacted", "Redactor", "Rule", "load_key"]
