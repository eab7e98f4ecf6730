"""What is killed, cut and starved, and what must be left of it."""
