"""Posts and reads of the ledger, beside TPC-B on the same server."""
