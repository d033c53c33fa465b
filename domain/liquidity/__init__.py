"""What liquidity providers are asked and answer, and what their silence does and does not prove."""
