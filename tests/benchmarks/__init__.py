"""Figures that the project promises, each measured by a module with `run()`."""
