"""The process that finishes what requests began: a queue's worker, a ringer and sweepers."""
