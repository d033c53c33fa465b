"""Vocabulary every context shares. It depends on no other context."""
