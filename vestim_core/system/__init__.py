"""Interface to the operating system: folders, files, locks and processes.

No other package depends on the system it runs on. Imports no other package of Vestim.
"""

from vestim_core.system.boot import boot_id, out_of_memory_kills
from vestim_core.system.endpoints import Endpoints, endpoints
from vestim_core.system.gpus import gpu_count
from vestim_core.system.home import Home, HomeError
from vestim_core.system.locks import FileLock, adopt_lock, is_locked
from vestim_core.system.machine import Machine
from vestim_core.system.ourselves import Role, own_command, worker_environment
from vestim_core.system.processes import (
    ProcessRef,
    exit_fd,
    is_alive,
    kill_spawned_with_open,
    kill_tree,
    mark_as_leader,
    ref_of,
    spawn_detached,
    terminate_tree,
    tree_alive,
)
from vestim_core.system.safe_files import read_json, safe_name, unique_path, write_atomic, write_json

__all__ = [
    "Endpoints",
    "FileLock",
    "Home",
    "HomeError",
    "Machine",
    "ProcessRef",
    "Role",
    "adopt_lock",
    "boot_id",
    "endpoints",
    "exit_fd",
    "gpu_count",
    "is_alive",
    "is_locked",
    "kill_spawned_with_open",
    "kill_tree",
    "mark_as_leader",
    "out_of_memory_kills",
    "own_command",
    "read_json",
    "ref_of",
    "safe_name",
    "spawn_detached",
    "terminate_tree",
    "tree_alive",
    "unique_path",
    "worker_environment",
    "write_atomic",
    "write_json",
]
