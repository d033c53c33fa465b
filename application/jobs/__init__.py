"""What is common to all work that follows a commit, and what operators do about it."""
