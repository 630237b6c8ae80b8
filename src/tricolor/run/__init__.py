"""A compiled program in this process: linked, started, and what it left behind read."""
