"""Executors start, watch and end attempts, as processes of this machine."""
