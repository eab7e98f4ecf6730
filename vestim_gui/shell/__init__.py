"""What surrounds the pages: main window, rail, bars, command palette, notes, settings."""
