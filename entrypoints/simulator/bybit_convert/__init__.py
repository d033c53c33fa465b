"""Bybit Convert: prefunded, exact-in only, executes asynchronously, and its codes are ambiguous."""
