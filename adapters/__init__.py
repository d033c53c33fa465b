"""Implementations of the ports: PostgreSQL, memory, vendors, queues, clocks."""
