"""The window: jobs, live and reattachable, on top of the client library alone.

Imports from Vestim: `vestim_core.spec`, `.protocol`, `.client` and the paths of `.system`. Never torch, pandas or
scipy; matplotlib only once a plot is shown. Only `link` owns a socket.
"""
