"""The frame around the pages: main window, rail, bars, command palette, toasts, settings."""
