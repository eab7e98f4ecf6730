"""The cache of prepared arrays, kept under its bound: what was used longest ago goes first, what a job that has not
ended has prepared never goes.

A set is renamed before it is removed, so that it is whole or not there at all; a task that misses its set makes it
again. What a preparation that was killed has left goes once the process that made it is no more.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterator, Set
from contextlib import suppress
from pathlib import Path

from vestim_core.system import read_json, ref_of

DEFAULT_LIMIT_GB = 10.0
"""Most that the cache holds when settings.json does not say `prepared_cache_GB`."""
FORGOTTEN_S = 86_400.0
_UNFINISHED = re.compile(r".+\.tmp-(?:([1-9][0-9]*)-)?[^-]+")
log = logging.getLogger(__name__)


class PreparedCache:
    """The folder `cache/prepared` of a home. A set never changes, so that each is measured once."""

    def __init__(self, folder: Path, settings: Path) -> None:
        self._folder = folder
        self._settings = settings
        self._sizes: dict[str, int] = {}

    def shrink(self, in_use: Set[str]) -> list[Path]:
        """Set aside what is over the bound, and what nobody will finish: the folders that are to be removed.

        in_use: keys of sets that stay whatever the bound says.
        """
        found = {path.name: path for path in self._entries()}
        leftovers = [path for path in found.values() if _is_left_over(path)]
        sets = {name: path for name, path in found.items() if not _UNFINISHED.fullmatch(name) and _is_set(path)}
        self._sizes = {name: self._sizes.get(name) or _size(path) for name, path in sets.items()}
        over = sum(self._sizes.values()) - self.limit_bytes
        gone: list[Path] = []
        for name in sorted(sets.keys() - in_use, key=lambda name: _used_s(sets[name])):
            if over <= 0:
                break
            aside = self._folder / f"{name}.tmp-{os.getpid()}-{time.monotonic_ns()}"
            try:
                sets[name].rename(aside)
                os.utime(aside)  # from now on it is work of this process
            except OSError as error:  # another system's process has it open
                log.info("'%s' stays in the cache for now: %s", sets[name], error)
                continue
            gone.append(aside)
            over -= self._sizes.pop(name)
        return leftovers + gone

    @property
    def limit_bytes(self) -> int:
        """The bound that the user set, else the default."""
        try:
            given = read_json(self._settings).get("prepared_cache_GB", DEFAULT_LIMIT_GB)
        except FileNotFoundError:
            given = DEFAULT_LIMIT_GB
        except (OSError, ValueError, AttributeError) as error:
            log.warning("the settings cannot be read (%s): the cache may hold %g GB", error, DEFAULT_LIMIT_GB)
            given = DEFAULT_LIMIT_GB
        if isinstance(given, bool) or not isinstance(given, int | float) or not given >= 0:
            log.warning(
                "prepared_cache_GB in '%s' is no size: the cache may hold %g GB", self._settings, DEFAULT_LIMIT_GB
            )
            given = DEFAULT_LIMIT_GB
        return int(min(given, 1e6) * 1e9)

    def _entries(self) -> Iterator[Path]:
        with suppress(OSError):
            yield from self._folder.iterdir()


def _is_set(path: Path) -> bool:
    return (path / "prepared.json").is_file()


def _is_left_over(path: Path) -> bool:
    """Whether this is the unfinished work of a process that is no more; one that names none has had a day."""
    match = _UNFINISHED.fullmatch(path.name)
    if match is None:
        return False
    if match[1] is None:
        return time.time() - _used_s(path) > FORGOTTEN_S
    owner = ref_of(int(match[1]))
    return owner is None or owner.create_time > _used_s(path) + 1.0


def _used_s(path: Path) -> float:
    """When a set was last opened, which leaves its mark on the folder; 0 for one that has just gone."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _size(path: Path) -> int:
    """Bytes of all files below; what vanishes meanwhile counts nothing."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):
                total += os.stat(os.path.join(folder, name)).st_size  # noqa: PTH116, PTH118 - many files
    return total
