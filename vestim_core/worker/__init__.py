"""The task process: one attempt of one task. It writes its own folder and journal, and needs no daemon to live."""
