"""Luno's order book as a liquidity provider: each accepted quote is one fill-or-kill order."""
