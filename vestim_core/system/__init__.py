"""Interface to the operating system: folders, files, locks and processes.

No other package depends on the system it runs on. Imports no other package of Vestim.
"""

from vestim_core.system.boot import boot_id, out_of_memory_kill_count
from vestim_core.system.endpoints import Endpoints, endpoints
from vestim_core.system.gpus import gpu_count
from vestim_core.system.home import Home, HomeError
from vestim_core.system.locks import FileLock, adopt_lock, is_locked
from vestim_core.system.machine import MachineMonitor
from vestim_core.system.processes import (
    ProcessRef,
    is_alive,
    is_process_tree_alive,
    kill_spawned_holding_file,
    kill_tree,
    mark_as_leader,
    open_exit_fd,
    process_ref,
    spawn_detached,
    terminate_tree,
)
from vestim_core.system.programs import ProgramName, program_command, worker_environment
from vestim_core.system.safe_files import read_json, safe_name, unique_path, write_atomic, write_json

__all__ = [
    "Endpoints",
    "FileLock",
    "Home",
    "HomeError",
    "MachineMonitor",
    "ProcessRef",
    "ProgramName",
    "adopt_lock",
    "boot_id",
    "endpoints",
    "gpu_count",
    "is_alive",
    "is_locked",
    "is_process_tree_alive",
    "kill_spawned_holding_file",
    "kill_tree",
    "mark_as_leader",
    "open_exit_fd",
    "out_of_memory_kill_count",
    "process_ref",
    "program_command",
    "read_json",
    "safe_name",
    "spawn_detached",
    "terminate_tree",
    "unique_path",
    "worker_environment",
    "write_atomic",
    "write_json",
]
