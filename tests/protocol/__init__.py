"""Tests of messages, journal lines, cursors and the method table."""
