"""The `aksum` command. Its commands are the runbooks: they call use cases and ports, never SQL."""
