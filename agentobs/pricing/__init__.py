"""What a model response cost at list price: pure, offline, exact in pico-dollars, None where no price is known."""

from agentobs.pricing.cost import cost_pico_usd, unpriced_reason, usd
from agentobs.pricing.rates import PRICES_VERSION

__all__ = ["PRICES_VERSION", "cost_pico_usd", "unpriced_reason", "usd"]
