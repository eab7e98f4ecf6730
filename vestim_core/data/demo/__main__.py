"""`python -m vestim_core.data.demo FOLDER`: write the demo's files and print the job on them as JSON."""

import json
import sys
from pathlib import Path

from vestim_core.data.demo import write_demo

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m vestim_core.data.demo FOLDER")
    try:
        print(json.dumps(write_demo(Path(sys.argv[1]))))
    except OSError as error:
        sys.exit(f"'{error.filename}': {error.strerror}")
