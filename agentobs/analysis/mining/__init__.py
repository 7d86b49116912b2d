"""Process mining: how sessions go from one activity to the next, where they lose time and leave the good way."""

from agentobs.analysis.mining.activities import PHASES, activities
from agentobs.analysis.mining.conformance import conformance, first_deviations, good_ways
from agentobs.analysis.mining.graph import END, START, bottlenecks, directly_follows, entropy
from agentobs.analysis.mining.variants import variant_entropy, variants

__all__ = [
    "END",
    "PHASES",
    "START",
    "activities",
    "bottlenecks",
    "conformance",
    "directly_follows",
    "entropy",
    "first_deviations",
    "good_ways",
    "variant_entropy",
    "variants",
]
