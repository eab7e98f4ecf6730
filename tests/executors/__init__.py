"""Processes of attempts: born, watched, ended."""
