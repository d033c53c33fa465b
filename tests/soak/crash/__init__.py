"""Real processes killed at every crash point, under load: nothing lost, nothing done twice."""
