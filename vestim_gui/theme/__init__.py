"""How the window looks: tokens, one style sheet made from them, icons, and the theme that applies them."""
