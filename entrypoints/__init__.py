"""Processes: HTTP, stream, worker, CLI, simulator, and the wiring that assembles them."""
