"""Small widgets shared by several pages, one per module."""
