"""Use cases: they load, ask the domain, store and commit. One file each."""
