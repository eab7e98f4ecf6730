"""Executors start, watch and end attempts: today as processes of this machine."""
