"""The public contract over HTTP: what partners and operators call."""
