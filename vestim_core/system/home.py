"""Where Vestim keeps its things.

One home has one spelling (links resolved), so that every process that means the same home finds the same lock and the
same sockets. Whatever is wrong with a folder comes out as a HomeError whose text is one sentence for a person.
"""

import errno
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from vestim_core.system.files import read_json

ENVIRONMENT_VARIABLE = "VESTIM_HOME"
_ADVICE = "make it writable or set VESTIM_HOME to a folder that is."


class HomeError(OSError):
    """A folder that Vestim needs cannot be used; the text says which one and what to do."""


def _resolved(path: Path) -> Path:
    try:
        return path.expanduser().resolve()
    except (OSError, RuntimeError) as error:
        raise HomeError(f"The folder {path} cannot be reached ({error}); name another one.") from error


def _named_by_environment() -> Path | None:
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    return _resolved(Path(named)) if named else None


def _platform_default() -> Path:
    return _resolved(platformdirs.user_data_path("Vestim", appauthor=False))


@dataclass(frozen=True)
class Home:
    """One home folder and the names of everything in it."""

    root: Path

    @classmethod
    def find(cls) -> "Home":
        """The home that VESTIM_HOME names, else the user's."""
        return cls(_named_by_environment() or _platform_default())

    @property
    def registry(self) -> Path:
        return self.root / "registry.sqlite"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def prepared(self) -> Path:
        return self.cache / "prepared"

    @property
    def inspections(self) -> Path:
        return self.cache / "inspections"

    @property
    def answers(self) -> Path:
        return self.cache / "answers"

    @property
    def speeds(self) -> Path:
        return self.cache / "speeds.json"

    @property
    def demo(self) -> Path:
        return self.root / "demo"

    @property
    def mappings(self) -> Path:
        return self.root / "mappings.json"

    @property
    def vendors(self) -> Path:
        return self.root / "vendors"

    @property
    def discovery(self) -> Path:
        return self.root / "daemon.json"

    @property
    def daemon_lock(self) -> Path:
        return self.root / "daemon.lock"

    @property
    def daemon_log(self) -> Path:
        return self.logs / "daemon.log"

    @property
    def settings(self) -> Path:
        return self.root / "settings.json"

    @property
    def workspace(self) -> Path:
        """The user's folder of jobs and data sets; only the user's ordinary home keeps it outside of itself."""
        if self.root != _platform_default() or _named_by_environment() == self.root:
            return self.root / "workspace"
        return self._chosen_workspace() or platformdirs.user_documents_path() / "Vestim"

    @property
    def jobs(self) -> Path:
        return self.workspace / "jobs"

    @property
    def data_sets(self) -> Path:
        return self.workspace / "data_sets"

    def check(self) -> None:
        """Raise HomeError when this can be no folder, without making one."""
        nearest = next((place for place in (self.root, *self.root.parents) if os.path.lexists(place)), self.root)
        if not nearest.is_dir():
            raise _in_the_way(self.root)

    def ensure(self) -> None:
        """Make every folder that is missing; raise HomeError where one cannot be made or written to."""
        private_folder(self.root, strict=False)
        private_folder(self.keys)
        for folder in (self.logs, self.prepared, self.jobs):
            _make(folder, 0o777)
            _check_writable(folder)

    def _chosen_workspace(self) -> Path | None:
        try:
            settings = read_json(self.settings)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise HomeError(
                f"The settings in {self.settings} cannot be read ({error}); repair or remove it."
            ) from error
        chosen = settings.get("workspace") if isinstance(settings, dict) else None
        return _resolved(Path(chosen)) if isinstance(chosen, str) and chosen else None


def private_folder(folder: Path, *, strict: bool = True) -> None:
    """Make `folder` for this user alone.

    With `strict`, one that exists already must be a real folder of ours with mode 0700: in a place where others may
    write, anything else can be a trap. Without it, a folder that the user made and opened to others is left so.
    """
    _make(folder, 0o700)
    if strict and sys.platform != "win32":
        found = folder.lstat()
        if stat.S_ISLNK(found.st_mode):
            raise HomeError(f"{folder} is a link where a private folder is needed; remove it.")
        if found.st_uid != os.getuid():
            raise HomeError(f"{folder} belongs to another user; remove it or set VESTIM_HOME to a folder of your own.")
        if stat.S_IMODE(found.st_mode) != 0o700:
            raise HomeError(f"{folder} is open to other users; close it with chmod 700.")
    _check_writable(folder)


def _make(folder: Path, mode: int) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=mode, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise _in_the_way(folder) from error
    except OSError as error:
        raise HomeError(f"The folder {folder} cannot be made ({_reason(error)}); {_ADVICE}") from error


def _in_the_way(folder: Path) -> HomeError:
    return HomeError(
        f"The folder {folder} cannot be made because a file is in the way; move that file or set VESTIM_HOME."
    )


def _check_writable(folder: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise HomeError(f"The folder {folder} cannot be written to; {_ADVICE}")


def _reason(error: OSError) -> str:
    return os.strerror(error.errno or errno.EIO)
