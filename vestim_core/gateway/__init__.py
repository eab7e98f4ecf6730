"""The gateway: every method of the protocol over REST, on this machine alone, for those who hold the token.

It is a thin client of the daemon, in a process of its own; it keeps nothing, so it can be ended and started at any
time.
"""
