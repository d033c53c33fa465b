"""Money that moves without a trade: deposits and transfers."""
