"""The verification that anybody can run: `python -m vestim_core.verify`, `vestim verify`.

It looks at Vestim through its public doors (containers, manager and verbs, the protocol, REST, processes) in a home of
its own that is gone afterwards, and says of each promise whether it holds. It touches nothing of the user's.
"""
