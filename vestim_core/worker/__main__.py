"""`python -m vestim_core.worker FOLDER`: run the attempt in that folder.

With `--fork-server FD PRELOAD` it forks workers on request; with `--await PRELOAD` it becomes one on request.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Run the mode that the arguments name; return the exit code."""
    if arguments[0] == "--fork-server":
        from vestim_core.worker.fork_server import serve

        return serve(int(arguments[1]), arguments[2])
    if arguments[0] == "--await":
        from vestim_core.worker.preload import await_request

        return await_request(arguments[1])
    from vestim_core.worker.attempt import run

    return run(Path(arguments[0]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
