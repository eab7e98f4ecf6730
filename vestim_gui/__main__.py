"""`python -m vestim_gui [PATH...]`: open the window."""

from __future__ import annotations

import sys


def main() -> int:
    """Open the window; return its exit code."""
    from vestim_gui.application import main as run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
