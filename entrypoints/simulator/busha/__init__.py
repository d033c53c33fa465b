"""Busha: naira and shillings. An expired quote is executed all the same, at the market."""
