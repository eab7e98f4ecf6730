"""The window's copy of what the daemon reports: rows and histories of jobs, their texts, order and filters."""
