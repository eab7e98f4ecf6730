"""Plots: take arrays at full resolution and draw only what the pixels can show."""
