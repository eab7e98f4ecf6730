"""The cache of prepared arrays, kept under its size limit: least recently used sets go first; a set of a job that has
not ended stays.

A set is renamed before it is removed, so that it is complete or absent; a task that misses its set prepares it again.
Unfinished work of a killed preparation is removed once its process has ended.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterator, Set
from contextlib import suppress
from pathlib import Path

from vestim_core.system import process_ref, read_json

DEFAULT_LIMIT_GB = 10.0
"""Size limit when settings.json has no `prepared_cache_GB`."""
ABANDONED_AFTER_S = 86_400.0  # arbitrary: one day for a folder whose process is unknown
_UNFINISHED = re.compile(r".+\.tmp-(?:([1-9][0-9]*)-)?[^-]+")
log = logging.getLogger(__name__)


class PreparedCache:
    """The folder `cache/prepared` of a home. Sets never change, so each is measured once."""

    def __init__(self, folder: Path, settings: Path) -> None:
        self._folder = folder
        self._settings = settings
        self._sizes: dict[str, int] = {}

    def shrink(self, in_use: Set[str]) -> list[Path]:
        """Set aside what exceeds the limit and what nobody will finish; returns the folders to be removed.

        in_use: keys of sets that stay whatever the limit is.
        """
        paths = {path.name: path for path in self._entries()}
        leftovers = [path for path in paths.values() if _is_abandoned(path)]
        sets = {name: path for name, path in paths.items() if not _UNFINISHED.fullmatch(name) and _is_set(path)}
        self._sizes = {name: self._sizes.get(name) or _size(path) for name, path in sets.items()}
        excess_bytes = sum(self._sizes.values()) - self.limit_bytes
        removed: list[Path] = []
        for name in sorted(sets.keys() - in_use, key=lambda name: _last_used_s(sets[name])):
            if excess_bytes <= 0:
                break
            renamed = self._folder / f"{name}.tmp-{os.getpid()}-{time.monotonic_ns()}"
            try:
                sets[name].rename(renamed)
                os.utime(renamed)  # marks it as work of this process from now on
            except OSError as error:  # another system's process has it open
                log.info("'%s' stays in the cache for now: %s", sets[name], error)
                continue
            removed.append(renamed)
            excess_bytes -= self._sizes.pop(name)
        return leftovers + removed

    @property
    def limit_bytes(self) -> int:
        """The limit set by the user, else the default."""
        try:
            limit_GB = read_json(self._settings).get("prepared_cache_GB", DEFAULT_LIMIT_GB)
        except FileNotFoundError:
            limit_GB = DEFAULT_LIMIT_GB
        except (OSError, ValueError, AttributeError) as error:
            log.warning("the settings cannot be read (%s): the cache may hold %g GB", error, DEFAULT_LIMIT_GB)
            limit_GB = DEFAULT_LIMIT_GB
        if isinstance(limit_GB, bool) or not isinstance(limit_GB, int | float) or not limit_GB >= 0:
            log.warning(
                "prepared_cache_GB in '%s' is no size: the cache may hold %g GB", self._settings, DEFAULT_LIMIT_GB
            )
            limit_GB = DEFAULT_LIMIT_GB
        return int(min(limit_GB, 1e6) * 1e9)

    def _entries(self) -> Iterator[Path]:
        with suppress(OSError):
            yield from self._folder.iterdir()


def _is_set(path: Path) -> bool:
    return (path / "prepared.json").is_file()


def _is_abandoned(path: Path) -> bool:
    """True if this is unfinished work of a process that has ended, or, without a process id, older than a day."""
    match = _UNFINISHED.fullmatch(path.name)
    if match is None:
        return False
    if match[1] is None:
        return time.time() - _last_used_s(path) > ABANDONED_AFTER_S
    owner = process_ref(int(match[1]))
    return owner is None or owner.create_time > _last_used_s(path) + 1.0


def _last_used_s(path: Path) -> float:
    """Time at which a set was last opened, which updates the folder's mtime; 0 for a set that has just vanished."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _size(path: Path) -> int:
    """Bytes of all files below; files that vanish meanwhile count nothing."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):
                total += os.stat(os.path.join(folder, name)).st_size  # noqa: PTH116, PTH118 - many files
    return total
