"""The daemon through its real sockets."""
