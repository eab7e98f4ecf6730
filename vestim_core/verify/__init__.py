"""Verification that any user can run: `python -m vestim_core.verify` or `vestim verify`.

It uses Vestim through its public interfaces (containers, manager and verbs, the protocol, REST, processes) in a
temporary home and reports for each promise whether it holds. It touches no data of the user.
"""
