"""Benchmarks: each measures beside a yardstick in the same run, and checks what it has done."""
