"""The worker's own frame: journal, doorbell, control, the terminal record."""
