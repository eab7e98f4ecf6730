"""Plots: full-resolution arrays in, what fits the screen out."""
