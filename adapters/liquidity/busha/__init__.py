"""Busha: naira and shillings. It executes an expired quote at the market, so we never send one."""
