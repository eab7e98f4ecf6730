"""Misbehaving workers and daemons that the tests start as separate processes."""
