"""Luno: an order book. Fill-or-kill orders with our own reference and a deadline of their own."""
