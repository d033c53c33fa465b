"""Partners, what they charge, and what their keys may do."""
