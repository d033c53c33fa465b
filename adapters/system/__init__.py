"""Time, ids and secrets as the operating system gives them."""
