"""The daemon: sockets, security, and the loop that puts jobs and executors together."""
