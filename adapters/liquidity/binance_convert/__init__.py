"""Binance Convert. Its documents leave gaps; `errors.py` says which answers we rely on."""
