"""Work that follows: when it is tried again, whose turn it is, when time alone makes it due."""
