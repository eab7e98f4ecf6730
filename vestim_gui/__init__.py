"""The window: jobs, live and reattachable, over the client library alone.

Imports of ours: `vestim_core.spec`, `.protocol`, `.client` and the paths of `.system`. Never torch, pandas or scipy;
matplotlib only once a plot is shown. Nothing but `link` owns a socket.
"""
