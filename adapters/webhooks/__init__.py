"""Events on their way to partners: vetted addresses, signatures, and one POST for each attempt."""
