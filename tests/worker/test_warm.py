"""What a process has loaded before it becomes a worker: all that takes long, so that a task starts at once."""

import subprocess
import sys

_NEW_MODULES = """
import sys
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
