"""Bringing in jobs of the former program: what was dropped or chosen, page by page, and what became of each."""
