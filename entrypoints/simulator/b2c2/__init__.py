"""B2C2: prices on request, fill-or-kill orders with our own id, settled after the trade."""
