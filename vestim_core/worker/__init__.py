"""Worker process: one attempt of one task. It writes its own folder and journal and runs without a daemon."""
