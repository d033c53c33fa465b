"""The queue that wakes workers up: SAQ, on PostgreSQL or Redis."""
