"""The gateway: every method of the protocol over REST, on this machine only, for holders of the token.

It is a thin client of the daemon in a process of its own. It stores no state, so it can be stopped and started at any
time.
"""
