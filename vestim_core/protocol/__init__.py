"""The written protocol: messages, codec, limits, cursors, the journal's line, and the one table of methods."""
