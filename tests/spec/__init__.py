"""The vocabulary: what is asked for, and how it is refused."""
