"""What travels: messages, lines, cursors, methods."""
