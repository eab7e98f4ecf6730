"""One file for each guarantee of the project, tested with the real daemon, real workers and real kills."""
