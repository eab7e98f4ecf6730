"""The command line, a client of the daemon like any other. `commands` has the commands; `main` runs one of them."""
