"""B2C2. Its documents are behind a login: `errors.py` and the guide say what we rely on."""
