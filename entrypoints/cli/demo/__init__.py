"""The whole story of a trade, told against a sandbox of its own; every sentence is checked."""
