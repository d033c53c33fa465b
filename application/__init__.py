"""Use cases: one file each, orchestration only. The rules are in `domain`."""
