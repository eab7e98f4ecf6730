"""The daemon: one process per home that keeps the registry, starts attempts and answers clients."""
