"""Appearance of the window: color tokens, the style sheet made from them, icons, and the theme that applies them."""
