"""Bybit Convert. Executes asynchronously, and some of its codes mean two things: `errors.py`."""
