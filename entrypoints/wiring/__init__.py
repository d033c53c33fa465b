"""Settings, and how everything is put together. The only package that imports adapters."""
