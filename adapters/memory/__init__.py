"""Every port in one process: for unit tests, simulations and partners' harnesses.

Held to the same contract as PostgreSQL (tests/contract), rollback, locks and tenants included. What
a process keeps here is gone when it ends.
"""
