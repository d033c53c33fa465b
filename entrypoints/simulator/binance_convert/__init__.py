"""Binance Convert: prefunded, exact-in and exact-out, found again by quote id alone."""
