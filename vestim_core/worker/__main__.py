"""`python -m vestim_core.worker FOLDER`: run the attempt in that folder."""

from __future__ import annotations

import sys
from pathlib import Path

from vestim_core.worker.attempt import run

if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1])))
