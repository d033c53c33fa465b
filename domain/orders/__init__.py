"""Intentions to trade and what became of them, one table of transitions for every venue."""
