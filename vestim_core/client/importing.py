"""Jobs of the former program, however many: brought in by as many calls as that takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any


def import_legacy(call: Callable[..., Any], paths: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The answers of `import_legacy`, one after the other. call: a client's. paths: absolute."""
    after = ""
    while True:
        page = call("import_legacy", paths=list(paths), after=after)
        yield page
        after = page["next"]
        if not after:
            return
