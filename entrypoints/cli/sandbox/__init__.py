"""Everything at once: a supervisor with PostgreSQL, simulators, a worker and the API below it."""
