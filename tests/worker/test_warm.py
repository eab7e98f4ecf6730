"""What a process has loaded before it becomes a worker: all that takes long, so that a task starts at once."""

import socket
import subprocess
import sys

import pytest

_NEW_MODULES = """
import sys

import pytest
from vestim_core.worker.warm import load_stages
load_stages("train")
before = set(sys.modules)
import torch
from vestim_core.spec.job import validate_job
from vestim_core.training.optimisers import build_optimiser
(trial, *_) = validate_job({"data": {"train": ["a"], "validation": ["b"]}}).trials()
layer = torch.nn.Linear(2, 1)
optimiser = build_optimiser(trial.training, layer.parameters())
layer(torch.ones(1, 2)).sum().backward()
optimiser.step()
print(len([name for name in sys.modules.keys() - before if name.startswith("torch")]))
"""


def test_an_optimiser_loads_nothing_more() -> None:
    done = subprocess.run([sys.executable, "-c", _NEW_MODULES], capture_output=True, text=True, check=True)
    assert int(done.stdout) <= 3  # before: 800, among them torch's compiler


_LOADS_FOR_EVER = """
import sys, time
from vestim_core.worker import forkserver
forkserver.load_stages = lambda warmth: time.sleep(600)
sys.exit(forkserver.serve(int(sys.argv[1]), "train"))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork server there")
def test_a_server_that_nobody_waits_for_leaves_while_it_loads() -> None:
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, its:
        command = [sys.executable, "-c", _LOADS_FOR_EVER, str(its.fileno())]
        server = subprocess.Popen(command, pass_fds=[its.fileno()])
    try:
        assert server.wait(60) == 0
    finally:
        server.kill()
