"""The protocol between processes: messages, codec, limits, cursors, journal lines and the table of methods."""
