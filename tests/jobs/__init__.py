"""Containers, managers, registry and the pure rules."""
