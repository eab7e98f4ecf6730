"""`python -m vestim_core.cli`: the command line without its entry point."""

import sys

from vestim_core.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
