"""Paths of everything that Vestim stores.

The path of a home is unique (links resolved), so that all processes of a home use the same lock and sockets. Every
problem with a folder raises a `HomeError` with a message for users.
"""

import errno
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from vestim_core.system.safe_files import read_json

HOME_VARIABLE = "VESTIM_HOME"
_WRITABLE_ADVICE = "make it writable or set VESTIM_HOME to a folder that is."


class HomeError(OSError):
    """A folder that Vestim needs cannot be used; the message names it and says what to do."""


def _resolve(path: Path) -> Path:
    try:
        return path.expanduser().resolve()
    except (OSError, RuntimeError) as error:
        raise HomeError(f"The folder {path} cannot be reached ({error}); name another one.") from error


def _environment_home() -> Path | None:
    path = os.environ.get(HOME_VARIABLE)
    return _resolve(Path(path)) if path else None


def _default_home() -> Path:
    return _resolve(platformdirs.user_data_path("Vestim", appauthor=False))


@dataclass(frozen=True)
class Home:
    """A home folder and the paths of everything in it."""

    root: Path

    @classmethod
    def find(cls) -> "Home":
        """Return the home named by VESTIM_HOME, else the user's default home."""
        return cls(_environment_home() or _default_home())

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
    def prepared_data(self) -> Path:
        return self.cache / "prepared"

    @property
    def inspections(self) -> Path:
        return self.cache / "inspections"

    @property
    def inspection_answers(self) -> Path:
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
        """Folder of jobs and data sets; outside of the home only for the user's default home."""
        if self.root != _default_home() or _environment_home() == self.root:
            return self.root / "workspace"
        return self._chosen_workspace() or platformdirs.user_documents_path() / "Vestim"

    @property
    def jobs(self) -> Path:
        return self.workspace / "jobs"

    @property
    def data_sets(self) -> Path:
        return self.workspace / "data_sets"

    def check(self) -> None:
        """Raise `HomeError` if the home cannot be a folder, without creating one."""
        nearest_folder = next(
            (folder for folder in (self.root, *self.root.parents) if os.path.lexists(folder)), self.root
        )
        if not nearest_folder.is_dir():
            raise _blocked_by_file_error(self.root)

    def ensure(self) -> None:
        """Create all missing folders. Raises `HomeError` if one cannot be created or written to."""
        private_folder(self.root, strict=False)
        private_folder(self.keys)
        for folder in (self.logs, self.prepared_data, self.jobs):
            _make_folder(folder, 0o777)
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
        workspace = settings.get("workspace") if isinstance(settings, dict) else None
        return _resolve(Path(workspace)) if isinstance(workspace, str) and workspace else None


def private_folder(folder: Path, *, strict: bool = True) -> None:
    """Create `folder` with access for this user only.

    strict: an existing folder must be a real folder of this user with mode 0700, since in a location where others can
    write, anything else may be an attack. Otherwise an existing folder keeps its permissions.
    """
    _make_folder(folder, 0o700)
    if strict and sys.platform != "win32":
        status = folder.lstat()
        if stat.S_ISLNK(status.st_mode):
            raise HomeError(f"{folder} is a link where a private folder is needed; remove it.")
        if status.st_uid != os.getuid():
            raise HomeError(f"{folder} belongs to another user; remove it or set VESTIM_HOME to a folder of your own.")
        if stat.S_IMODE(status.st_mode) != 0o700:
            raise HomeError(f"{folder} is open to other users; close it with chmod 700.")
    _check_writable(folder)


def _make_folder(folder: Path, mode: int) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=mode, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise _blocked_by_file_error(folder) from error
    except OSError as error:
        raise HomeError(f"The folder {folder} cannot be made ({_error_reason(error)}); {_WRITABLE_ADVICE}") from error


def _blocked_by_file_error(folder: Path) -> HomeError:
    return HomeError(
        f"The folder {folder} cannot be made because a file is in the way; move that file or set VESTIM_HOME."
    )


def _check_writable(folder: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise HomeError(f"The folder {folder} cannot be written to; {_WRITABLE_ADVICE}")


def _error_reason(error: OSError) -> str:
    return os.strerror(error.errno or errno.EIO)
