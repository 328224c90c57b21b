"""What an environment costs in a month, estimated from its settings and one dated file of prices."""

from cost.estimate import Estimate, Line, estimate
from cost.prices import InvalidPrices, Prices

__all__ = ["Estimate", "InvalidPrices", "Line", "Prices", "estimate"]
