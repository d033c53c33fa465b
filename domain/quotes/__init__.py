"""Firm prices for customers: made out of an LP's quote, explained to the unit, accepted once."""
