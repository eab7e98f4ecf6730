"""Processes that are killed, cut off and starved, and the guarantees that must survive."""
