"""What is decided about liquidity providers apart from any one quote or order."""
