"""Preload: everything slow is loaded before a process becomes a worker, so that a task starts at once."""

import socket
import subprocess
import sys

import pytest

from tests.patience import PATIENCE_S

_COUNT_NEW_MODULES = """
import sys

import pytest
from vestim_core.worker.preload import load_stages
load_stages("train")
preloaded_modules = set(sys.modules)
import torch
from vestim_core.spec.job import validate_job
from vestim_core.training.optimizers import build_optimizer
(trial, *_) = validate_job({"data": {"train": ["a"], "validation": ["b"]}}).trials()
layer = torch.nn.Linear(2, 1)
optimizer = build_optimizer(trial.training, layer.parameters())
layer(torch.ones(1, 2)).sum().backward()
optimizer.step()
print(len([name for name in sys.modules.keys() - preloaded_modules if name.startswith("torch")]))
"""


@pytest.mark.slow
def test_an_optimizer_loads_nothing_more() -> None:
    completed = subprocess.run([sys.executable, "-c", _COUNT_NEW_MODULES], capture_output=True, text=True, check=True)
    assert int(completed.stdout) <= 3  # without preload it was 800, among them torch's compiler


_SERVE_WITH_ENDLESS_LOADING = """
import sys, time
from vestim_core.worker import fork_server
fork_server.load_stages = lambda preload: time.sleep(600)
sys.exit(fork_server.serve(int(sys.argv[1]), "train"))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no fork server there")
def test_a_server_without_a_daemon_exits_while_it_loads() -> None:
    own_end, server_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with own_end, server_end:
        command = [sys.executable, "-c", _SERVE_WITH_ENDLESS_LOADING, str(server_end.fileno())]
        server = subprocess.Popen(command, pass_fds=[server_end.fileno()])
    try:
        assert server.wait(PATIENCE_S) == 0
    finally:
        server.kill()
