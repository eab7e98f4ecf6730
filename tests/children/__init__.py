"""Misbehaving workers and daemons, started by the tests as processes of their own."""
