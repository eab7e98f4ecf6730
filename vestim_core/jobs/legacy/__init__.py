"""What the predecessor wrote, read as data: never one of its pickles, and nothing of it silently dropped."""
