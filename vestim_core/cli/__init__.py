"""The command line: a client like every other. One file per command in `commands`; `main` runs the one named."""
