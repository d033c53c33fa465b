"""What can be held and traded, and in which steps."""
